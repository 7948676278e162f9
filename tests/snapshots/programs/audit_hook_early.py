import sys
seen = []
sys.addaudithook(lambda e, a: seen.append(e) if e.startswith('open') else None)
open('/work/x', 'w').close()
print(seen)
