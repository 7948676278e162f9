from concurrent.futures import ThreadPoolExecutor
x = ThreadPoolExecutor(2)
print(list(x.map(lambda i: i * i, range(5))))
