import mmap
open('/work/m', 'wb').write(b'0' * 4096)
f = open('/work/m', 'r+b'); m = mmap.mmap(f.fileno(), 0)
m[:3] = b'abc'
print(open('/work/m', 'rb').read(4))
