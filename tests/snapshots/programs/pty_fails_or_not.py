import os
try:
    a, b = os.openpty(); print('pty', os.isatty(b))
except OSError as e:
    print(e.errno)
