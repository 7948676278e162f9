import sys
def t(frame, event, arg):
    sys.__stderr__.write(f'{event} {frame.f_code.co_name}\n')
def f():
    return 1
sys.setprofile(t)
f()
