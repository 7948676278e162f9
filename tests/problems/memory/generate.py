"""Inputs of a seed and n of a generator that the statement gives; the expected output is the count of different numbers."""
import pathlib
import sys

data = pathlib.Path(sys.argv[1])
cases = []
for number, (seed, n) in enumerate([(1, 10), (7, 200_000)], 1):
    x, seen = seed, set()
    for _ in range(n):
        x = (x * 1_103_515_245 + 12_345) % (1 << 31)
        seen.add(x >> 4)
    (data / f"{number}.in").write_text(f"{seed} {n}\n")
    cases.append(f'[[case]]\nstdin.file = "@DATA@/{number}.in"\nexpect.text = "{len(seen)}"\n')
(data / "cases.toml").write_text("".join(cases))
