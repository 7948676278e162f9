import sys
word = 'still here'
class A:
    def __del__(self): print(word, sys is not None, __name__)
a = A()
b = (a, lambda: a)
