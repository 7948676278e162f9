import io, sys
kept, sys.stdout = sys.stdout, io.StringIO()
print('in memory')
kept.write(sys.stdout.getvalue().upper())
