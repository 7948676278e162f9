for _ in range(3):
    a = [bytearray(1 << 20) for _ in range(40)]
    del a
import gc; gc.collect(); print('end')
