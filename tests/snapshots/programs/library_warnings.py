import warnings
warnings.warn('once')
warnings.warn('once')
def f(): warnings.warn('deep', DeprecationWarning, stacklevel=2)
f()
warnings.simplefilter('error')
warnings.warn('raised')
