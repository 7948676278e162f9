"""The input says how many lines; 200 MiB of them."""
import pathlib
import sys

data = pathlib.Path(sys.argv[1])
count = 23_500_000
(data / "1.in").write_text(f"{count}\n")
with open(data / "1.out", "w", encoding="ascii") as out:
    for first in range(1, count + 1, 100_000):
        out.write("\n".join(map(str, range(first, min(first + 100_000, count + 1)))) + "\n")
(data / "cases.toml").write_text('[[case]]\nstdin.file = "@DATA@/1.in"\nexpect.file = "@DATA@/1.out"\n')
