"""precompile.py PROGRAM INTO: the code of a program as a list of bytes for C++, so that no run compiles it again.

It serves where the image has the Python that evalrun was built with; elsewhere the program is compiled from its text.
"""

import importlib.util
import marshal
import sys
import types


def without_lines(code):
    """Nobody reads where in these programs an exception was raised, and the tables are half of the code."""
    constants = tuple(without_lines(one) if isinstance(one, types.CodeType) else one for one in code.co_consts)
    return code.replace(co_consts=constants, co_linetable=b"")


def main():
    program, into = sys.argv[1:]
    with open(program, encoding="utf-8") as file:
        code = compile(file.read(), "<evalrun>", "exec", dont_inherit=True, optimize=2)
    data = importlib.util.MAGIC_NUMBER + marshal.dumps(without_lines(code))
    with open(into, "w", encoding="ascii") as file:
        for i in range(0, len(data), 32):
            file.write("".join("0x%02x," % one for one in data[i : i + 32]) + "\n")


main()
