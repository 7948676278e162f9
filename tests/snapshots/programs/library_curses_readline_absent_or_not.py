for n in ('readline', 'curses', 'dbm.gnu', 'tkinter', 'venv', 'ensurepip'):
    try:
        __import__(n); print(n, 'there')
    except ImportError as e:
        print(n, e)
