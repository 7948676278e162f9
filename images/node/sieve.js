// Primes below five million by the sieve of Eratosthenes in a typed array.
"use strict";

const LIMIT = 5_000_000;

function* primesBelow(limit) {
  const composite = new Uint8Array(limit);
  for (let n = 2; n < limit; n++) {
    if (composite[n]) continue;
    yield n;
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
  }
}

let count = 0;
let sum = 0;
let largest = 0;
const palindromes = [];
for (const prime of primesBelow(LIMIT)) {
  count++;
  sum += prime;
  largest = prime;
  const digits = String(prime);
  if (digits === [...digits].reverse().join("")) palindromes.push(prime);
}

const grouped = new Intl.NumberFormat("en-US");
console.log(`primes below ${grouped.format(LIMIT)}: ${grouped.format(count)}`);
console.log(`largest: ${grouped.format(largest)}`);
console.log(`sum: ${grouped.format(sum)}`);
console.log(`palindromes: ${palindromes.length}, the last ${palindromes.at(-1)}`);
