"""asyncio: tasks, a queue with several workers, a timeout, work in threads, and a child process."""

import asyncio
import hashlib
import sys


async def worker(jobs, results):
    while True:
        number = await jobs.get()
        await asyncio.sleep(0.001)
        results[number] = number * number
        jobs.task_done()


async def squares(count):
    jobs, results = asyncio.Queue(), {}
    workers = [asyncio.create_task(worker(jobs, results)) for _ in range(5)]
    for number in range(count):
        jobs.put_nowait(number)
    await jobs.join()
    for task in workers:
        task.cancel()
    outcomes = await asyncio.gather(*workers, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    return [results[number] for number in range(count)]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def child(code, text):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(text.encode())
    return output.decode().strip(), process.returncode


async def main():
    print("queue:", await squares(10))

    try:
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()
    except TimeoutError:
        print("timeout: nobody set the event")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(digest, word)) for word in ("alpha", "beta", "gamma")]
    print("threads:", *(task.result() for task in tasks))

    output, code = await child("print(input()[::-1]); raise SystemExit(7)", "stressed\n")
    print(f"child: {output!r}, exit code {code}")


if __name__ == "__main__":
    asyncio.run(main())
