#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import select, sys
print(select.select([0], [], [], 5)[0], sys.stdin.readline())
