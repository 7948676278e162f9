import builtins
class A:
    def __del__(self): print('del held by builtins')
builtins.held = A()
print('end')
