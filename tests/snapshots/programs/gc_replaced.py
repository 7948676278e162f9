import gc, sys, atexit, _thread
gc.get_objects = lambda *a: 1 / 0
gc.unfreeze = gc.collect = None
_thread._count = lambda: 1 / 0
sys.gettrace = sys.getprofile = lambda: 1
atexit._run_exitfuncs = None
print('end')
