from concurrent.futures import ProcessPoolExecutor
def f(x): return x + 1
if __name__ == '__main__':
    with ProcessPoolExecutor(2) as x: print(list(x.map(f, range(4))))
