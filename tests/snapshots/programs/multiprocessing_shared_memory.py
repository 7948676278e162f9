from multiprocessing import shared_memory
s = shared_memory.SharedMemory(create=True, size=16)
s.buf[:3] = b'abc'
print(bytes(s.buf[:3]))
s.close(); s.unlink()
