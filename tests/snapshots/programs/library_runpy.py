import runpy
open('/work/other.py', 'w').write('print(__name__, __file__)\nY = 3\n')
print(runpy.run_path('/work/other.py', run_name='__main__')['Y'], runpy.run_module('other')['Y'])
