import sys
del sys.stdout
sys.stderr.write('end\n')
