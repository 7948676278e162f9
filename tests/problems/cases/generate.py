"""A hundred numbers; the expected output is each reversed."""
import pathlib
import random
import sys

data = pathlib.Path(sys.argv[1])
random.seed(5)
cases = []
for number in range(100):
    value = str(random.randint(1, 10 ** (1 + number // 4)))
    cases.append(
        f'[[case]]\nname = "{number:02}"\ngroup = "{number // 10}"\n'
        f'stdin.text = "{value}\\n"\nexpect.text = "{value[::-1]}\\n"\n'
    )
(data / "cases.toml").write_text("".join(cases))
