import threading
c = threading.Condition(); q = []
def f():
    with c:
        q.append(1); c.notify()
t = threading.Thread(target=f)
with c:
    t.start()
    c.wait_for(lambda: q, 5)
print(q); b = threading.Barrier(2)
print(threading.Lock().locked(), threading.Event().is_set(), b.parties)
