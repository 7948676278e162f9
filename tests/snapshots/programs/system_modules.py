import sys
for n in sys.modules: print(n)
