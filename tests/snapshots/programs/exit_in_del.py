import sys
class A:
    def __del__(self):
        sys.exit(6)
a = A()
print('end')
