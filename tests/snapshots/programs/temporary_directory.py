import tempfile, os
d = tempfile.TemporaryDirectory()
open(d.name + '/x', 'w').close()
print(os.listdir(d.name))
