import contextlib
@contextlib.contextmanager
def m():
    print('in')
    try:
        yield
    finally:
        print('out')
c = m()
c.__enter__()
