import sys
print('before')
sys.exit('gone wrong')
