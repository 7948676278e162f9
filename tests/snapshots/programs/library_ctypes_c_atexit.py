import ctypes, sys
libc = ctypes.CDLL(None)
libc.puts(b'by C')
print('by Python')
