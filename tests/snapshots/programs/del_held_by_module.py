import os, string
class A:
    def __del__(self): print('del held by a module')
os.held = A()
string.held = A()
print('end')
