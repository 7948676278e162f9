import os
print(sorted(set(os.listdir('/')) - {'.snapshot'}), os.listdir('/work'), os.listdir('/tmp'), os.access('/usr', os.W_OK))
