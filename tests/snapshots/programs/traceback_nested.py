def a(x): return b(x)
def b(x): return [c(i) for i in x]
def c(i): return 1 // i
a([2, 1, 0])
