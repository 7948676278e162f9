import ctypes

libc = ctypes.CDLL(None)
libc.syscall(321, 0, 0, 0)  # bpf
libc.syscall(101, 0, 0, 0, 0)  # ptrace
