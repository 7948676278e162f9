open('/work/bad.py', 'w').write('x = 1\ny = x / 0\n')
import bad
