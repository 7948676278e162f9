import os, sys
print('one', flush=True)
os.dup2(2, 1)
print('two')
