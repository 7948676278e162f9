import ctypes
libc = ctypes.CDLL(None)
F = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
a = (ctypes.c_int * 4)(3, 1, 2, 0)
libc.qsort(a, 4, 4, F(lambda x, y: x[0] - y[0]))
print(list(a), ctypes.pythonapi.Py_GetVersion is not None)
