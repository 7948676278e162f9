import sys
class F:
    def find_spec(self, name, path, target=None):
        if name.startswith('x'): print('asked for', name)
sys.meta_path.insert(0, F())
try:
    import xyz
except ImportError as e:
    print(e)
