import atexit
for i in range(4):
    atexit.register(print, 'at exit', i)
@atexit.register
def last():
    print('defined last')
print('end')
