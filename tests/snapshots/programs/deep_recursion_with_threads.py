import sys, threading
threading.stack_size(64 << 20)
sys.setrecursionlimit(10 ** 6)
def f(n): return 0 if n == 0 else 1 + f(n - 1)
t = threading.Thread(target=lambda: print(f(50000))); t.start(); t.join()
