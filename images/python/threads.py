"""Threads: a pipeline of queues, a pool with futures, and a counter under a lock."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

DONE = object()


def stage(function, source, sink):
    """Applies `function` to everything that comes out of `source`, until DONE."""
    while (item := source.get()) is not DONE:
        sink.put(function(item))
    sink.put(DONE)


def pipeline(items, *functions):
    queues = [queue.Queue(maxsize=4) for _ in range(len(functions) + 1)]
    threads = [
        threading.Thread(target=stage, args=(function, source, sink))
        for function, source, sink in zip(functions, queues, queues[1:])
    ]

    def feed():
        for item in items:
            queues[0].put(item)
        queues[0].put(DONE)

    threads.append(threading.Thread(target=feed))
    for thread in threads:
        thread.start()
    results = list(iter(queues[-1].get, DONE))
    for thread in threads:
        thread.join()
    return results


def main():
    results = pipeline(range(1, 1001), lambda n: n * n, lambda n: n % 1009, str)
    print("pipeline:", len(results), "results,", len(set(results)), "distinct, the last", results[-1])

    with ThreadPoolExecutor(max_workers=8) as pool:
        futures = {pool.submit(pow, 3, n, 1_000_003): n for n in range(100)}
        powers = {futures[done]: done.result() for done in as_completed(futures)}
        failing = pool.submit(lambda: 1 // 0)
    print("pool:", sum(powers.values()), "and an error:", failing.exception())

    counter, lock, barrier = 0, threading.Lock(), threading.Barrier(8)

    def count():
        nonlocal counter
        barrier.wait()
        for _ in range(2_000):
            with lock:
                counter += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("counter:", counter)


if __name__ == "__main__":
    main()
