open('/work/random.py', 'w').write('def random(): return 4\n')
open('/work/string.py', 'w').write('ascii_letters = "shadow"\n')
import random, string
print(random.random(), string.ascii_letters)
