class A:
    def __eq__(self, o): raise ZeroDivisionError('eq')
    def __hash__(self): raise ZeroDivisionError('hash')
    def __bool__(self): raise ZeroDivisionError('bool')
    def __getattribute__(self, n): raise ZeroDivisionError(n)
a = [A(), A()]
print('end')
