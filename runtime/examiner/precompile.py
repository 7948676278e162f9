"""precompile.py PROGRAM CODE TEXT: writes the code of a program, and its text, compressed, as initializers for C++.

The code serves where the image has the Python that evalrun was built with; elsewhere the program is compiled from its text.
"""

import importlib.util
import marshal
import sys
import types
import zlib


def without_lines(code):
    """Nobody reads where in these programs an exception was raised, and the tables are half of the code."""
    constants = tuple(without_lines(one) if isinstance(one, types.CodeType) else one for one in code.co_consts)
    return code.replace(co_consts=constants, co_linetable=b"")


def write(path, data):
    with open(path, "w", encoding="ascii") as file:
        for i in range(0, len(data), 32):
            file.write(("{" if i == 0 else "") + "".join("0x%02x," % one for one in data[i : i + 32]) + "\n")
        file.write("0}\n")


def main():
    program, code_into, text_into = sys.argv[1:]
    with open(program, encoding="utf-8") as file:
        text = file.read()
    code = compile(text, "<evalrun>", "exec", dont_inherit=True, optimize=2)
    write(code_into, importlib.util.MAGIC_NUMBER + zlib.compress(marshal.dumps(without_lines(code)), 9))
    write(text_into, zlib.compress(text.encode(), 9))


main()
