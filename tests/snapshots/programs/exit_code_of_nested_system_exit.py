import sys
class Code:
    def __str__(self):
        return 'a code'
try:
    sys.exit(Code())
except SystemExit as e:
    print(type(e.code).__name__)
    raise
