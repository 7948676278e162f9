import sys, os
os.close(0)
try:
    sys.stdin.read()
except OSError as e:
    print(e)
