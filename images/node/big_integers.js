// BigInt: powers, Fibonacci numbers, Miller-Rabin, and the digits of e by a spigot.
"use strict";

const { createHash } = require("node:crypto");

function power(base, exponent, modulus) {
  let result = 1n;
  for (base %= modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}

// Miller-Rabin with the first primes as bases.
function isProbablyPrime(n) {
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
  if (bases.includes(n)) return true;
  if (n < 2n || bases.some((p) => n % p === 0n)) return false;
  let odd = n - 1n;
  let twos = 0;
  while (odd % 2n === 0n) {
    odd /= 2n;
    twos++;
  }
  return bases.every((base) => {
    let x = power(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

function digitsOfE(count) {
  const one = 10n ** BigInt(count + 10);
  let sum = 0n;
  for (let term = one, k = 1n; term > 0n; term /= k++) sum += term;
  return String(sum / 10n ** 10n);
}

let [a, b] = [0n, 1n];
for (let i = 0; i < 5000; i++) [a, b] = [b, a + b];
const fibonacci = String(a);
console.log(`F(5000): ${fibonacci.length} digits, ${fibonacci.slice(0, 12)}...${fibonacci.slice(-12)}`);

const candidates = [2n ** 89n - 1n, 2n ** 89n + 1n, 2n ** 127n - 1n, 10n ** 40n + 121n, 561n];
for (const n of candidates) console.log(`${n} is ${isProbablyPrime(n) ? "prime" : "composite"}`);

const e = digitsOfE(1000);
console.log(`e = ${e[0]}.${e.slice(1, 31)}...`);
console.log(`sha256 of its first 1,000 decimals: ${createHash("sha256").update(e).digest("hex").slice(0, 24)}`);
