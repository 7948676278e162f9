import sys, types
m = types.ModuleType('other')
sys.modules['__main__'] = m
print('end')
