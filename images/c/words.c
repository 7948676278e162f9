// Counts the words of standard input, without regard to case, in a hash table with chaining.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, LONGEST = 64 };

struct word {
  struct word* next;
  unsigned count;
  char text[LONGEST];
};

static struct word* table[BUCKETS];
static size_t distinct;

static void count_word(const char* text) {
  unsigned hash = 5381;
  for (const char* c = text; *c != '\0'; c++) hash = hash * 33 + (unsigned char)*c;
  struct word** bucket = &table[hash % BUCKETS];
  for (struct word* w = *bucket; w != NULL; w = w->next) {
    if (strcmp(w->text, text) == 0) {
      w->count++;
      return;
    }
  }
  struct word* w = calloc(1, sizeof *w);
  if (w == NULL) abort();
  snprintf(w->text, sizeof w->text, "%s", text);
  w->count = 1;
  w->next = *bucket;
  *bucket = w;
  distinct++;
}

static int by_count_then_text(const void* a, const void* b) {
  const struct word *x = *(struct word*const*)a, *y = *(struct word*const*)b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  return strcmp(x->text, y->text);
}

int main(void) {
  char text[LONGEST];
  size_t length = 0;
  for (int c; (c = getchar()) != EOF;) {
    if (isalpha(c) || c == '\'') {
      if (length < LONGEST - 1) text[length++] = (char)tolower(c);
    } else if (length > 0) {
      text[length] = '\0';
      count_word(text);
      length = 0;
    }
  }

  struct word** sorted = malloc((distinct + 1) * sizeof *sorted);
  if (sorted == NULL) abort();
  size_t n = 0;
  for (size_t i = 0; i < BUCKETS; i++) {
    for (struct word* w = table[i]; w != NULL; w = w->next) sorted[n++] = w;
  }
  qsort(sorted, n, sizeof *sorted, by_count_then_text);
  for (size_t i = 0; i < n; i++) printf("%2u %s\n", sorted[i]->count, sorted[i]->text);
  return 0;
}
