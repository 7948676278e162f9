import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for i in range(10**6): pass
except KeyboardInterrupt:
    print('caught')
