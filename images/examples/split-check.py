import sys

total = int(open(sys.argv[1]).read())
feedback = sys.argv[3]
least = int(sys.argv[4]) if len(sys.argv) > 4 else None


def reject(why):
    with open(feedback + "judgemessage.txt", "w") as message:
        message.write(why)
    sys.exit(43)


try:
    first, second = map(int, sys.stdin.read().split())
except ValueError:
    reject("expected two numbers")
if first + second != total:
    reject(f"{first} + {second} is not {total}")
if least is not None and min(first, second) < least:
    reject(f"a number is below {least}")
sys.exit(42)
