import os
class A:
    def __del__(self): print('del', os.getpid() == 2, flush=True)
a = A()
pid = os.fork()
if pid: os.waitpid(pid, 0)
