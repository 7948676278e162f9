import gzip, bz2, lzma, zlib, zipfile, tarfile, io
d = b'abc' * 1000
print([x.decompress(x.compress(d)) == d for x in (gzip, bz2, lzma, zlib)])
z = zipfile.ZipFile('/work/z.zip', 'w'); z.writestr('a.py', 'X = 9'); z.close()
import sys; sys.path.insert(0, '/work/z.zip'); import a; print(a.X, a.__file__, a.__loader__.archive)
