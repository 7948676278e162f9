input()
print('{"verdict": "AC", "score": 5}')
