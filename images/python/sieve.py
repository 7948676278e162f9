"""Primes below two million by the sieve of Eratosthenes, and what they look like by their last digit."""

from collections import Counter
from itertools import compress

LIMIT = 2_000_000


def primes_below(limit):
    is_prime = bytearray([1]) * limit
    is_prime[:2] = b"\0\0"
    for n in range(2, int(limit**0.5) + 1):
        if is_prime[n]:
            is_prime[n * n :: n] = bytes(len(range(n * n, limit, n)))
    return list(compress(range(limit), is_prime))


def main():
    primes = primes_below(LIMIT)
    print(f"primes below {LIMIT:,}: {len(primes):,}")
    print(f"largest: {primes[-1]:,}")
    print(f"sum: {sum(primes):,}")
    gap, start = max((b - a, -a) for a, b in zip(primes, primes[1:]))
    print(f"widest gap: {gap}, after {-start:,}")
    for digit, count in sorted(Counter(p % 10 for p in primes).items()):
        print(f"ending in {digit}: {count:6,}")


if __name__ == "__main__":
    main()
