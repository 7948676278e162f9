print('x', end='')
quit(4)
