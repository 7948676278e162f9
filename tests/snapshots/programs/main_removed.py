import os
os.remove('/work/main.py')
def f(): return 1 / 0
f()
