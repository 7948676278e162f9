import sys
print(sys.argv, sys.orig_argv, sys.executable, sys.prefix, sys.path, sys.flags, sys.warnoptions, sys._xoptions)
print(sys.implementation, sys.version, sys.platform, sys.byteorder, sys.float_info.max, sys.maxsize)
