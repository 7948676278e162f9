import random, os, tempfile
a = random.random()
random.seed()
print(a != random.random(), os.urandom(8) != os.urandom(8), tempfile.mktemp() != tempfile.mktemp())
