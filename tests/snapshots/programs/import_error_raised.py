raise ImportError('by hand')
