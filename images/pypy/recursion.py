import sys
import threading
from functools import lru_cache


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


sys.setrecursionlimit(50_000)
print("depth:", depth(20_000))


@lru_cache(maxsize=None)
def paths(n):
    return 1 if n < 2 else paths(n - 1) + paths(n // 2) - paths(n - 2)


print("paths:", paths(20))
sys.setrecursionlimit(1000)
try:
    depth(10_000)
except RecursionError as error:
    print("without an end:", type(error).__name__)

squares = [0] * 4


def work(index):
    squares[index] = index * index


threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("threads:", squares)
