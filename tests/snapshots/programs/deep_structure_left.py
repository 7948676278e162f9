a = None
for i in range(200000): a = [a]
print('end')
