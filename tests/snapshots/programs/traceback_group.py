raise ExceptionGroup('g', [ValueError(1), TypeError('two'), ExceptionGroup('h', [KeyError('k')])])
