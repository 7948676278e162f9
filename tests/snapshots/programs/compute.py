def sieve(n):
    s = bytearray([1]) * n
    for i in range(2, int(n ** .5) + 1):
        if s[i]: s[i * i::i] = bytes(len(s[i * i::i]))
    return sum(s) - 2
print(sieve(200000))
