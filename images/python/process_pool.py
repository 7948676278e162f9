"""multiprocessing: a pool, a queue, a shared value under a lock. Its semaphores live in /dev/shm."""

import multiprocessing as mp
from multiprocessing import shared_memory


def collatz_steps(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def add_many(total, times):
    for _ in range(times):
        with total.get_lock():
            total.value += 1


def answer(questions, answers):
    while (question := questions.get()) is not None:
        answers.put((question, collatz_steps(question)))


def double_in_place(name, length):
    block = shared_memory.SharedMemory(name=name)
    for i in range(length):
        block.buf[i] *= 2
    block.close()


def main():
    with mp.Pool(4) as pool:
        steps = pool.map(collatz_steps, range(1, 5001), chunksize=250)
    print("pool: most steps below 5001:", max(steps), "from", steps.index(max(steps)) + 1)

    total = mp.Value("l", 0)
    adders = [mp.Process(target=add_many, args=(total, 500)) for _ in range(4)]
    for process in adders:
        process.start()
    for process in adders:
        process.join()
    print("shared value:", total.value, "exit codes:", [process.exitcode for process in adders])

    questions, answers = mp.Queue(), mp.Queue()
    workers = [mp.Process(target=answer, args=(questions, answers)) for _ in range(2)]
    for process in workers:
        process.start()
    for question in (27, 97, 871):
        questions.put(question)
    print("queue:", sorted(answers.get() for _ in range(3)))
    for _ in workers:
        questions.put(None)
    for process in workers:
        process.join()

    block = shared_memory.SharedMemory(create=True, size=8)
    block.buf[:8] = bytes(range(8))
    child = mp.Process(target=double_in_place, args=(block.name, 8))
    child.start()
    child.join()
    print("shared memory:", list(block.buf[:8]))
    block.close()
    block.unlink()


if __name__ == "__main__":
    main()
