import sys, threading
t = threading.Thread(target=sys.exit, args=(8,))
t.start()
t.join()
print('main goes on')
