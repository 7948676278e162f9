import queue, threading
q = queue.Queue()
def f():
    while (x := q.get()) is not None: print(x)
t = threading.Thread(target=f); t.start()
for i in range(3): q.put(i)
q.put(None); t.join()
