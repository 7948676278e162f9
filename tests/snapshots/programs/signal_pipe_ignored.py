import os, signal
print(signal.getsignal(signal.SIGPIPE))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
r, w = os.pipe(); os.close(r)
os.write(w, b'x')
