# Starts the program beside this file: its code, where this Python can read it, else its text.
import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads

with open(sys.argv[0] + ".code", "rb") as _file:
    _code = _file.read()
if _code[:4] == MAGIC_NUMBER:
    _code = loads(_code[4:])
else:
    with open(sys.argv[0] + ".text", "rb") as _file:
        _code = compile(_file.read(), "<evalrun>", "exec", dont_inherit=True)
exec(_code)
