import os
print(len(os.sched_getaffinity(0)) > 0, os.sched_getscheduler(0))
