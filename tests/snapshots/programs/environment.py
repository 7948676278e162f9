import os
print(sorted(os.environ.items()), os.environb[b'PATH'])
os.environ['X'] = '1'
print(os.popen('echo $X').read(), os.getenv('X'))
os.putenv('Y', '2'); os.unsetenv('X')
print(os.popen('echo $X$Y').read())
