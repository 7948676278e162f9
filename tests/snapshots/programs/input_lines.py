#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import sys
for line in sys.stdin: print(repr(line))
