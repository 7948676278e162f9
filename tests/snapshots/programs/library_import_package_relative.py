import os
os.makedirs('/work/p/q')
for n in ('p/__init__.py', 'p/q/__init__.py'): open('/work/' + n, 'w').close()
open('/work/p/m.py', 'w').write('from .q import n\nfrom . import q\nV = n.W\n'); open('/work/p/q/n.py', 'w').write('W = 8\n')
import p.m
print(p.m.V, p.__path__)
from . import x
