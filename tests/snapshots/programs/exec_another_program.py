import os
print('lost or not', flush=True)
os.execv('/bin/echo', ['echo', 'replaced'])
