import os, sys
sys.stdout.write('x')
os.close(1)
sys.stderr.write('y\n')
