import sys
def h(t, v, tb): print('hook', t.__name__, v, tb.tb_lineno, tb.tb_next)
sys.excepthook = h
raise ValueError('x')
