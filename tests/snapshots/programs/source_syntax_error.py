print('x')
x = = 3
