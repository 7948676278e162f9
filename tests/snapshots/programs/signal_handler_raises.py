import os, signal
def h(n, f): raise ValueError('from a handler')
signal.signal(signal.SIGUSR1, h)
os.kill(os.getpid(), signal.SIGUSR1)
for i in range(1000): pass
