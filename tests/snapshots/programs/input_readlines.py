#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import sys
print(sys.stdin.readline(), sys.stdin.readlines(), sys.stdin.read())
