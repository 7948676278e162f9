f = open('/work/x', 'w')
f.write('not flushed')
import os
print(os.path.getsize('/work/x'))
