import faulthandler, ctypes
faulthandler.enable()
import sys
sys.stdout.flush()
ctypes.string_at(0)
