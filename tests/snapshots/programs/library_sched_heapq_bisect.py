import sched, heapq, bisect, array, struct, operator, statistics
h = [3, 1, 2]; heapq.heapify(h); print(heapq.heappop(h), bisect.bisect([1, 3, 5], 4), array.array('i', [1, 2]), struct.pack('<i', 5), statistics.mean([1, 2, 3]))
