import atexit
f = open('/work/x', 'w')
def g():
    f.write('from atexit')
    print(open('/work/x').read() == '')
atexit.register(g)
