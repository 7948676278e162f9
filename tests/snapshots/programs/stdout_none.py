import sys
sys.stdout = None
print('nothing')
sys.stderr.write('end\n')
