x, n = map(int, input().split())
seen = bytearray(1 << 24)
different = 0
for _ in range(n):
    x = (x * 1_103_515_245 + 12_345) % (1 << 31)
    y = x >> 4
    if not seen[y >> 3] >> (y & 7) & 1:
        different += 1
        seen[y >> 3] |= 1 << (y & 7)
print(different)
