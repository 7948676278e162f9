import sys
try:
    raise ValueError('a')
except ValueError:
    sys.exit('because of a')
