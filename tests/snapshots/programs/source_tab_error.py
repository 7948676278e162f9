if True:
	if True:
        print('x')
