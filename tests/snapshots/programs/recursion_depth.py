import sys
n = 0
def f():
    global n
    n += 1
    f()
try:
    f()
except RecursionError as e:
    print(n, e, sys.getrecursionlimit())
