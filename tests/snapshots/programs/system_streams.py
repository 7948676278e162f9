import sys
for s in (sys.stdin, sys.stdout, sys.stderr):
    print(s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.isatty(), s.fileno(), s.newlines, type(s.buffer).__name__, s is getattr(sys, '__' + s.name[1:-1] + '__'))
