import sys, inspect
def f():
    fr = sys._getframe()
    names = []
    while fr:
        names.append((fr.f_code.co_name, fr.f_code.co_filename, fr.f_lineno))
        fr = fr.f_back
    return names
print(f(), sys._getframe().f_back)
try:
    sys._getframe(1)
except ValueError as e:
    print(e)
print({k: v.f_code.co_name for k, v in sys._current_frames().items()}.values())
