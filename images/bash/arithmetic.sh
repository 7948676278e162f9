#!/usr/bin/env bash
# Arithmetic in the shell itself: 64-bit integers, bases, bits, recursion.
set -euo pipefail

gcd() {
  if (($2 == 0)); then
    echo "$1"
  else
    gcd "$2" $(($1 % $2))
  fi
}

collatz_steps() {
  local n=$1 steps=0
  while ((n != 1)); do
    n=$((n % 2 ? 3 * n + 1 : n / 2))
    steps=$((steps + 1))
  done
  echo "$steps"
}

factorial() {
  if (($1 < 2)); then
    echo 1
  else
    echo $(($1 * $(factorial $(($1 - 1)))))
  fi
}

sieve() {
  local limit=$1 n multiple
  local -a composite=()
  for ((n = 2; n < limit; n++)); do
    [[ ${composite[n]:-} ]] && continue
    printf '%d ' "$n"
    for ((multiple = n * n; multiple < limit; multiple += n)); do
      composite[multiple]=1
    done
  done
}

to_binary() {
  local n=$1 bits=
  for (( ; n; n >>= 1)); do
    bits=$((n & 1))$bits
  done
  echo "${bits:-0}"
}

echo "gcd(462, 1071) = $(gcd 462 1071)"
echo "27 takes $(collatz_steps 27) steps"
echo "15! = $(factorial 15)"
echo "primes: $(sieve 60)"
echo "2024 in binary: $(to_binary 2024), and back: $((2#$(to_binary 2024)))"
echo "0xff + 017 + 36#zz = $((0xff + 017 + 36#zz))"
echo "the largest integer plus one: $((0x7fffffffffffffff + 1))"
printf 'a third, by awk: %s\n' "$(awk 'BEGIN { printf "%.12f", 1 / 3 }')"
