import sys

n = int(input())
for first in range(1, n + 1, 100_000):
    sys.stdout.write("\n".join(map(str, range(first, min(first + 100_000, n + 1)))) + "\n")
