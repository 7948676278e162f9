import builtins, io
real = builtins.open
builtins.open = lambda *a, **k: real('/dev/null', 'w')
print(open('x').name)
