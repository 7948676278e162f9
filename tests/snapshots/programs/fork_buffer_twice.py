import os
print('buffered')
pid = os.fork()
if pid: os.waitpid(pid, 0)
