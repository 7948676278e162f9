def f(x):
    match x:
        case [a, *b]: return ('list', a, b)
        case {'k': v}: return ('map', v)
        case int(n) if n > 3: return ('big', n)
        case _: return 'other'
print(f([1, 2, 3]), f({'k': 1}), f(5), f(1))
