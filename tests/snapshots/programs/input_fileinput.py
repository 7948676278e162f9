#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import fileinput
print([l.strip() for l in fileinput.input()])
