"""Inputs of one number a line; the expected output has their roots."""
import math
import pathlib
import sys

data = pathlib.Path(sys.argv[1])
lists = [[1.0, 4.0, 2.0], [1e-12, 1e12], [0.5 * i for i in range(1, 5000)]]
cases = []
for number, values in enumerate(lists, 1):
    (data / f"{number}.in").write_text("".join(f"{value!r}\n" for value in values))
    (data / f"{number}.out").write_text("".join(f"{math.sqrt(value):.12g}\n" for value in values))
    cases.append(f'[[case]]\nstdin.file = "@DATA@/{number}.in"\nexpect.file = "@DATA@/{number}.out"\n')
(data / "cases.toml").write_text("".join(cases))
