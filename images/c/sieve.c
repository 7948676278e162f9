// Primes below ten million by the sieve of Eratosthenes, one bit for each odd number.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 10000000 };

static int is_marked(const uint64_t* bits, uint32_t odd) {
  return bits[odd / 128] >> (odd / 2 % 64) & 1;
}

static void mark(uint64_t* bits, uint32_t odd) {
  bits[odd / 128] |= UINT64_C(1) << (odd / 2 % 64);
}

int main(void) {
  uint64_t* composite = calloc(LIMIT / 128 + 1, sizeof *composite);
  if (composite == NULL) {
    perror("calloc");
    return EXIT_FAILURE;
  }

  for (uint32_t n = 3; n * n < LIMIT; n += 2) {
    if (is_marked(composite, n)) continue;
    for (uint32_t multiple = n * n; multiple < LIMIT; multiple += 2 * n) mark(composite, multiple);
  }

  uint32_t count = 1, last = 2, twins = 0;
  uint64_t sum = 2;
  for (uint32_t n = 3; n < LIMIT; n += 2) {
    if (is_marked(composite, n)) continue;
    count++;
    sum += n;
    if (n - last == 2) twins++;
    last = n;
  }
  free(composite);

  printf("primes below %d: %" PRIu32 "\n", LIMIT, count);
  printf("largest: %" PRIu32 "\n", last);
  printf("sum: %" PRIu64 "\n", sum);
  printf("twin pairs: %" PRIu32 "\n", twins);
  return EXIT_SUCCESS;
}
