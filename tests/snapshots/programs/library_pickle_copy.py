import pickle, copy
x = {'a': [1, {2}, (3,)], 'b': b'x'}
print(pickle.loads(pickle.dumps(x)) == x, copy.deepcopy(x) == x)
