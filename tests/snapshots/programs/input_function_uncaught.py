#: {"stdin": {"text": "eins\nzwei\ndrei"}}
input()
input()
input()
input()
