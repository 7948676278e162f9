import importlib, importlib.util, sys
open('/work/m1.py', 'w').write('X = 1\n')
import m1
open('/work/m1.py', 'w').write('X = 22\n')
importlib.reload(m1); print(m1.X)
print(importlib.util.find_spec('no_such'), importlib.util.find_spec('json').name, importlib.import_module('collections.abc').__name__)
