import sys
print('\udc80', file=sys.stderr)
