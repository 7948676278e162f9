open('/work/a.py', 'w').write('import b\nX = 1\n')
open('/work/b.py', 'w').write('from a import X\n')
import a
