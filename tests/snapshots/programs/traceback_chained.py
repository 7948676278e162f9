try:
    int('x')
except ValueError as e:
    raise RuntimeError('outer') from e
