import gc
n = []
gc.callbacks.append(lambda phase, info: n.append(phase))
gc.collect()
print(n)
gc.callbacks.clear()
