import sys
kept = dict(sys.modules)
sys.modules.clear()
print(len(kept) > 10)
