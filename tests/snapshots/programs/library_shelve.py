import shelve
s = shelve.open('/work/s')
s['k'] = [1, 2]
print(list(s))
