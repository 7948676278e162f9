import threading
def f():
    threading.main_thread().join()
    print('main is gone')
threading.Thread(target=f).start()
