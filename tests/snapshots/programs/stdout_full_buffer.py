import sys
sys.stdout.write('x' * 100000)
sys.stderr.write('end\n')
