import os, sys
print('lost')
sys.stderr.write('kept\n')
os._exit(11)
