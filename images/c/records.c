// Writes fixed-size records to a file, sorts it in place through a memory map, and reads it back.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 50000 };

struct record {
  uint32_t key;
  uint32_t serial;
};

static void fail(const char* operation) {
  perror(operation);
  exit(EXIT_FAILURE);
}

static int by_key_then_serial(const void* a, const void* b) {
  const struct record *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->serial > y->serial) - (x->serial < y->serial);
}

static void write_records(const char* path) {
  FILE* file = fopen(path, "wb");
  if (file == NULL) fail("fopen");
  uint32_t state = 12345;
  for (uint32_t serial = 0; serial < RECORDS; serial++) {
    state = state * 1664525 + 1013904223;
    struct record record = {.key = state >> 12, .serial = serial};
    if (fwrite(&record, sizeof record, 1, file) != 1) fail("fwrite");
  }
  if (fclose(file) != 0) fail("fclose");
}

static void sort_in_place(const char* path) {
  int fd = open(path, O_RDWR);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) fail(path);
  void* map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail("mmap");
  qsort(map, (size_t)status.st_size / sizeof(struct record), sizeof(struct record), by_key_then_serial);
  if (msync(map, (size_t)status.st_size, MS_SYNC) != 0) fail("msync");
  munmap(map, (size_t)status.st_size);
  close(fd);
}

int main(void) {
  write_records("records.tmp");
  sort_in_place("records.tmp");
  if (rename("records.tmp", "records.bin") != 0) fail("rename");

  FILE* file = fopen("records.bin", "rb");
  if (file == NULL) fail("fopen");
  struct record record, first = {0}, last = {0};
  uint32_t count = 0, checksum = 0;
  while (fread(&record, sizeof record, 1, file) == 1) {
    if (count++ == 0) first = record;
    if (record.key < last.key) return EXIT_FAILURE;
    last = record;
    checksum = checksum * 31 + (record.key ^ record.serial);
  }
  fclose(file);
  if (unlink("records.bin") != 0) fail("unlink");

  printf("%u records in order\n", count);
  printf("first: key %u, serial %u\n", first.key, first.serial);
  printf("last: key %u, serial %u\n", last.key, last.serial);
  printf("checksum: %08x\n", checksum);
  return EXIT_SUCCESS;
}
