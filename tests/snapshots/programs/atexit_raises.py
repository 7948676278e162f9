import atexit
def f():
    raise KeyError('in atexit')
atexit.register(print, 'after it')
atexit.register(f)
