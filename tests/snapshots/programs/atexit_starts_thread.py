import atexit, threading
def f():
    try:
        t = threading.Thread(target=print, args=('from a thread',))
        t.start()
        t.join()
    except RuntimeError as e:
        print(e)
atexit.register(f)
