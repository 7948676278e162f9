#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import sys
print(sys.stdin.buffer.read(4), sys.stdin.buffer.read())
