import ast, dis, inspect, io
print(ast.unparse(ast.parse('x=1+2')), inspect.signature(lambda a, *, b=2: 0))
b = io.StringIO(); dis.dis('x+1', file=b); print(b.getvalue())
