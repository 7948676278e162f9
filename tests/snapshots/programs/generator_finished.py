def g():
    yield 1
x = g()
print(list(x))
