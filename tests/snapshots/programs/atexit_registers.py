import atexit
def again():
    print('again')
def f():
    print('f')
    atexit.register(again)
atexit.register(f)
