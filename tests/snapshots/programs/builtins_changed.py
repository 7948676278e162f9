import builtins
builtins.print = lambda *a: None
print('nothing')
