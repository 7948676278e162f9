x = 3
if x is 3: print('is')
print('\d')
