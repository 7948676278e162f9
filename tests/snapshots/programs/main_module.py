import __main__, sys
print(__main__ is sys.modules['__main__'], __main__.__file__, __name__, __package__, __spec__)
print(sorted(vars()), type(__loader__).__name__, __builtins__.__name__, __annotations__, __cached__)
