"""Inputs of n and n integers; the expected output is their sum."""
import pathlib
import random
import sys

data = pathlib.Path(sys.argv[1])
random.seed(1)
lists = [[1, 2, 3], [0], [-5, 5], [2**31 - 1] * 4, [random.randint(-10**9, 10**9) for _ in range(50_000)]]
cases = []
for number, values in enumerate(lists, 1):
    (data / f"{number}.in").write_text(f"{len(values)}\n" + " ".join(map(str, values)) + "\n")
    (data / f"{number}.out").write_text(f"{sum(values)}\n")
    cases.append(f'[[case]]\nstdin.file = "@DATA@/{number}.in"\nexpect.file = "@DATA@/{number}.out"\n')
(data / "cases.toml").write_text("".join(cases))
