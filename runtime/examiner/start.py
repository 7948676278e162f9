# Starts the program beside this file: its code, where this Python can read it, else its text. An interpreter that begins
# with a snapshot has loaded it before, and does not read this file.
import sys

from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads
from zlib import decompress

with open(sys.argv[0] + ".code", "rb") as _file:
    _code = _file.read()
if _code[:4] == MAGIC_NUMBER:
    _code = loads(decompress(_code[4:]))
else:
    with open(sys.argv[0] + ".text", "rb") as _file:
        _code = _file.read()
    if _code[:1] == b"x":
        _code = decompress(_code)
    _code = compile(_code, "<evalrun>", "exec", dont_inherit=True)
_side = type(sys)("__main__")
exec(_code, _side.__dict__)
sys.modules["__main__"] = _side
_side.start()
