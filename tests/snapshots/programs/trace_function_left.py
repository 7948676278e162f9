import sys
def t(frame, event, arg):
    sys.__stderr__.write(f'{event} {frame.f_code.co_name}\n')
    return t
def f():
    return 1
sys.settrace(t)
f()
