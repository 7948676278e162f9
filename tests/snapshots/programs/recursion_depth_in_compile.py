print(eval('(' * 50 + '1' + ')' * 50))
try:
    eval('(' * 1000 + '1' + ')' * 1000)
except (SyntaxError, MemoryError, RecursionError) as e:
    print(type(e).__name__)
