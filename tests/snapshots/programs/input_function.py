#: {"stdin": {"text": "eins\nzwei\ndrei"}}
print(input('name? '), input())
try:
    print(input()); input()
except EOFError as e:
    print('EOF', e)
