# Starts the program beside this file with the words of the file "words": its code, where this Python can read it, else
# its text. An interpreter that begins with a snapshot has loaded it before.
import sys

_side = sys.modules.pop("_evalrun_side", None)
if _side is None:
    from _frozen_importlib_external import MAGIC_NUMBER
    from marshal import loads

    with open(sys.argv[0] + ".code", "rb") as _file:
        _code = _file.read()
    if _code[:4] == MAGIC_NUMBER:
        _code = loads(_code[4:])
    else:
        with open(sys.argv[0] + ".text", "rb") as _file:
            _code = compile(_file.read(), "<evalrun>", "exec", dont_inherit=True)
    _side = type(sys)("__main__")
    exec(_code, _side.__dict__)
sys.modules["__main__"] = _side
with open(sys.argv[0].rpartition("/")[0] + "/words", "rb") as _file:
    _words = _file.read().decode("utf-8", "surrogateescape").split("\0")
_side.main(_words)
