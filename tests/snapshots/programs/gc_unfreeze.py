import gc
gc.unfreeze()
gc.collect()
print('end')
