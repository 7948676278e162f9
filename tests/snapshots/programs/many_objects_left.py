a = [{'i': i, 'l': [i]} for i in range(60000)]
print(len(a))
