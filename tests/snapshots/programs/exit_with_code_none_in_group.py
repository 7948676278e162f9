raise BaseExceptionGroup('g', [SystemExit(3), ValueError('x')])
