import atexit, inspect, traceback, sys
def f():
    print([x.function for x in inspect.stack()])
    print(sys._getframe().f_back)
    traceback.print_stack()
atexit.register(f)
