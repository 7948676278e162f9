import gc
gc.set_debug(gc.DEBUG_SAVEALL)
class A: pass
a = A(); a.me = a; del a
gc.collect()
print(len(gc.garbage) > 0, gc.get_threshold())
gc.set_debug(0)
