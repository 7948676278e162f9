import os
r, w = os.pipe()
os.write(w, b'x' * 100)
print(r, w, len(os.read(r, 1000)))
