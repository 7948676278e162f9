import cProfile, pstats, io
p = cProfile.Profile(); p.enable(); sum(range(10)); p.disable()
print(pstats.Stats(p, stream=io.StringIO()).total_calls > 0)
