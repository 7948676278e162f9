class M(type):
    def __getattribute__(cls, n): raise ZeroDivisionError(n)
    def __eq__(cls, o): raise ZeroDivisionError('eq')
    def __hash__(cls): raise ZeroDivisionError('hash')
class A(metaclass=M): pass
a = A()
print('end')
