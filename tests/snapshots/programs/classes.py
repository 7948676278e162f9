class M(type):
    def __new__(m, n, b, d): print('new', n); return super().__new__(m, n, b, d)
class A(metaclass=M):
    def __init_subclass__(cls, **k): print('sub', cls.__name__, k)
    def __set_name__(self, o, n): print(n)
class B(A, x=1):
    y = A()
print(B.__mro__)
