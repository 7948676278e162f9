"""Big integers: Fibonacci numbers, a Mersenne prime, RSA with small keys, and pi to a thousand digits."""

import hashlib
import sys
from math import isqrt


def fibonacci(n):
    """By doubling: F(2k) = F(k) (2 F(k+1) - F(k)), F(2k+1) = F(k)^2 + F(k+1)^2."""
    a, b = 0, 1
    for bit in bin(n)[2:]:
        a, b = a * (2 * b - a), a * a + b * b
        if bit == "1":
            a, b = b, a + b
    return a


def is_mersenne_prime(p):
    """Lucas-Lehmer, for odd primes p."""
    modulus = (1 << p) - 1
    s = 4
    for _ in range(p - 2):
        s = (s * s - 2) % modulus
    return s == 0


def pi_digits(count):
    """Machin's formula in integers, with ten digits to spare."""
    one = 10 ** (count + 10)

    def arccot(x):
        total = term = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return 4 * (4 * arccot(5) - arccot(239)) // 10**10


def main():
    sys.set_int_max_str_digits(0)
    f = str(fibonacci(10_000))
    print(f"F(10000) has {len(f)} digits: {f[:10]}...{f[-10:]}")

    print("Mersenne exponents below 700:", *(p for p in range(3, 700, 2) if is_mersenne_prime(p)))

    p, q, e = (1 << 521) - 1, (1 << 607) - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    message = int.from_bytes("attack at dawn".encode())
    secret = pow(message, e, p * q)
    plain = pow(secret, d, p * q)
    print("RSA:", plain.to_bytes(14).decode(), hashlib.sha256(str(secret).encode()).hexdigest()[:16])

    digits = str(pi_digits(1000))
    print(f"pi: {digits[0]}.{digits[1:20]}... the last ten of 1,000 decimals: {digits[-10:]}")
    root = isqrt(2 * 10**200)
    assert root * root <= 2 * 10**200 < (root + 1) ** 2
    print(f"sqrt(2) to 100 decimals ends in {root % 10**10}")


if __name__ == "__main__":
    main()
