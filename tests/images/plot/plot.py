import zoneinfo
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy

print(sum(map(int, input().split())))
plt.plot(numpy.linalg.solve([[2, 0], [0, 4]], [1, 2]))
plt.savefig("out.png")
print(zoneinfo.ZoneInfo("Europe/Paris").key, open("out.png", "rb").read(4)[1:].decode())
