import linecache
print(linecache.getline('/work/main.py', 1))
