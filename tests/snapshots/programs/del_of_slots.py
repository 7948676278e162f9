class A:
    __slots__ = ()
    def __del__(self): print('del of slots')
a = A()
