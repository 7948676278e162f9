import multiprocessing as m
if __name__ == '__main__':
    with m.get_context('fork').Manager() as g:
        d = g.dict(); d['x'] = 1
        print(dict(d))
