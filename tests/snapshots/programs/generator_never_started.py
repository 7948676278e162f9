def g():
    try:
        yield 1
    finally:
        print('never')
x = g()
print('end')
