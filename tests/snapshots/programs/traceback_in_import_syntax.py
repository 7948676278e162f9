open('/work/bad.py', 'w').write('def f(:\n')
import bad
