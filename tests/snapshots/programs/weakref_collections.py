import weakref
class A: pass
a, b = A(), A()
s = weakref.WeakSet([a, b]); d = weakref.WeakValueDictionary(x=a); k = weakref.WeakKeyDictionary({b: 1})
del a
print(len(s), list(d), list(k.values()))
