import code
code.InteractiveInterpreter({'x': 4}).runsource('print(x)')
