import string
print(f'{3.14159:.2f}|{42:#x}|{"a":>5}|{1234567:,}', '%5.1f' % 2.25, '{0[x]}'.format({'x': 1}), string.Template('$a').substitute(a=1))
