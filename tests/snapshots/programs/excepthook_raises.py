import sys
def h(*a): raise TypeError('in hook')
sys.excepthook = h
raise ValueError('x')
