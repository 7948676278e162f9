# Loops that only a compiler makes quick.
N = 20_000_000
sieve = bytearray([1]) * N
sieve[0] = sieve[1] = 0
for p in range(2, int(N**0.5) + 1):
    if sieve[p]:
        for multiple in range(p * p, N, p):
            sieve[multiple] = 0
total = count = 0
for n in range(N):
    if sieve[n]:
        count += 1
        total += n
print(f"primes below {N}: {count}")
print("sum:", total)

best, longest = 1, 1
for start in range(1, 1_000_000):
    n, steps = start, 1
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    if steps > longest:
        best, longest = start, steps
print("collatz:", best, "with", longest, "steps")
