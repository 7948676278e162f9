import os
os.mkdir('/work/pkg')
open('/work/pkg/__init__.py', 'w').close()
open('/work/pkg/m.py', 'w').write('def f():\n    raise LookupError("deep")\n')
from pkg.m import f
f()
