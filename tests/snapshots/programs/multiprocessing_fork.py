import multiprocessing as m
def f(q, i): q.put(i * i)
if __name__ == '__main__':
    c = m.get_context('fork'); q = c.Queue()
    ps = [c.Process(target=f, args=(q, i)) for i in range(3)]
    [x.start() for x in ps]; print(sorted(q.get() for _ in ps)); [x.join() for x in ps]; print([x.exitcode for x in ps])
