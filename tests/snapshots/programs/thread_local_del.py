import threading
class A:
    def __del__(self): print('del of a local')
l = threading.local()
l.a = A()
print('end')
