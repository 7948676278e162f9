import builtins
builtins.type = None
builtins.set = builtins.map = builtins.len = builtins.id = None
print('end')
