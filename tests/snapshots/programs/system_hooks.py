import sys
print(sys.meta_path, [getattr(h, '__name__', h) for h in sys.path_hooks], sys.displayhook, sys.excepthook, sys.breakpointhook)
print(sorted(sys.path_importer_cache), sys.getswitchinterval(), sys.getrecursionlimit(), sys.getfilesystemencoding(), sys.getdefaultencoding(), sys.intern('x'), sys.dont_write_bytecode)
