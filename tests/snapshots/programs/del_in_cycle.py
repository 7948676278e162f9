class A:
    def __init__(self, n): self.n = n; self.me = self
    def __del__(self): print('del', self.n)
a = A(1)
A(2)
print('end')
