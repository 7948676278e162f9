import weakref
class A: pass
a = A()
f = weakref.finalize(a, print, 'finalized')
print('end', f.alive)
