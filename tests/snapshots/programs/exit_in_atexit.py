import atexit, sys
atexit.register(lambda: sys.exit(6))
print('end')
