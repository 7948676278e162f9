// Producers and consumers share a bounded queue, guarded by a mutex and two condition variables.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRODUCERS = 4, CONSUMERS = 3, ITEMS_EACH = 5000, CAPACITY = 16, STOP = -1 };

struct queue {
  pthread_mutex_t mutex;
  pthread_cond_t not_full, not_empty;
  int items[CAPACITY];
  int first, length;
};

static struct queue queue = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .not_full = PTHREAD_COND_INITIALIZER,
    .not_empty = PTHREAD_COND_INITIALIZER,
};

static void put(int item) {
  pthread_mutex_lock(&queue.mutex);
  while (queue.length == CAPACITY) pthread_cond_wait(&queue.not_full, &queue.mutex);
  queue.items[(queue.first + queue.length++) % CAPACITY] = item;
  pthread_cond_signal(&queue.not_empty);
  pthread_mutex_unlock(&queue.mutex);
}

static int take(void) {
  pthread_mutex_lock(&queue.mutex);
  while (queue.length == 0) pthread_cond_wait(&queue.not_empty, &queue.mutex);
  int item = queue.items[queue.first];
  queue.first = (queue.first + 1) % CAPACITY;
  queue.length--;
  pthread_cond_signal(&queue.not_full);
  pthread_mutex_unlock(&queue.mutex);
  return item;
}

static void* produce(void* argument) {
  int producer = *(int*)argument;
  for (int i = 0; i < ITEMS_EACH; i++) put(producer * ITEMS_EACH + i);
  return NULL;
}

static void* consume(void* argument) {
  long* sum = argument;
  for (int item; (item = take()) != STOP;) *sum += item;
  return NULL;
}

static pthread_t start(void* (*body)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument) != 0) {
    fputs("cannot start a thread\n", stderr);
    exit(EXIT_FAILURE);
  }
  return thread;
}

int main(void) {
  pthread_t producers[PRODUCERS], consumers[CONSUMERS];
  int numbers[PRODUCERS];
  long sums[CONSUMERS] = {0}, total = 0;

  for (int i = 0; i < CONSUMERS; i++) consumers[i] = start(consume, &sums[i]);
  for (int i = 0; i < PRODUCERS; i++) {
    numbers[i] = i;
    producers[i] = start(produce, &numbers[i]);
  }
  for (int i = 0; i < PRODUCERS; i++) pthread_join(producers[i], NULL);
  for (int i = 0; i < CONSUMERS; i++) put(STOP);
  for (int i = 0; i < CONSUMERS; i++) {
    pthread_join(consumers[i], NULL);
    total += sums[i];
  }

  long n = (long)PRODUCERS * ITEMS_EACH;
  printf("%ld items, sum %ld, expected %ld\n", n, total, n * (n - 1) / 2);
  return total == n * (n - 1) / 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
