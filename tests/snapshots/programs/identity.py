import os
print(os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.getcwd(), os.umask(0o22), os.nice(0), os.cpu_count() > 0, os.uname().nodename, os.getlogin if 0 else '')
