text = input()
assert len(text) < 20
print(text[::-1])
