import warnings
warnings.simplefilter('always')
f = open('/work/x', 'w')
f.write('x')
