"""evalrun.aio: runs in an asyncio loop."""

import asyncio
import logging
import os
import resource
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from support import evalrun, inits, main, probe, running_inits, wait_until  # noqa: E402

import evalrun.aio  # noqa: E402

# In development mode it tells of each slow step, such as a look at all processes.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def say(word, **arguments):
    return evalrun.aio.run(**probe("say", word, text=True, **arguments))


async def until(condition, seconds=20.0):
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError("it did not come true")
        await asyncio.sleep(0.01)


class Asyncio(unittest.TestCase):
    def test_a_run_is_awaited(self):
        run = asyncio.run(say("x"))
        self.assertEqual((run.stdout, run.verdict), ("x\n", "OK"))

    def test_500_in_flight_are_each_their_own_and_waiting_is_not_measured(self):
        async def together():
            return await asyncio.gather(*(say(str(n), timeout=5) for n in range(500)))

        runs = asyncio.run(together())
        self.assertEqual([run.stdout for run in runs], [f"{n}\n" for n in range(500)])
        self.assertEqual({run.verdict for run in runs}, {"OK"})

    def test_a_runner_runs_so_many_at_the_same_time(self):
        most = 64
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))

        async def together():
            runner = evalrun.aio.Runner(jobs=most)
            jobs = [evalrun.Job(**probe("sleep", "120", timeout=200)) for _ in range(most)]
            tasks = [asyncio.create_task(runner.run(one)) for one in jobs]
            await until(lambda: len(running_inits()) == most, 60)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            runner.close()

        try:
            asyncio.run(together())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: not running_inits())

    def test_cancelling_ends_the_program_and_the_next_run_is_as_ever(self):
        async def cancel():
            task = asyncio.create_task(evalrun.aio.run(**probe("sleep", "60", timeout=90)))
            await until(running_inits)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await until(lambda: not running_inits())
            return await say("after")

        self.assertEqual(asyncio.run(cancel()).stdout, "after\n")

    def test_a_time_limit_of_asyncio_ends_the_program(self):
        async def limited():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(evalrun.aio.run(**probe("sleep", "60", timeout=90)), 0.5)

        asyncio.run(limited())
        wait_until(lambda: not running_inits())

    def test_who_waits_for_a_place_can_be_cancelled_and_no_place_is_lost(self):
        async def cancel():
            runner = evalrun.aio.Runner(jobs=1)
            long = asyncio.create_task(runner.run(evalrun.Job(**probe("sleep", "60", timeout=90))))
            waiting = [asyncio.create_task(runner.run(evalrun.Job(**probe("say", "x")))) for _ in range(3)]
            await until(running_inits)
            waiting[0].cancel()
            await asyncio.sleep(0)
            long.cancel()
            waiting[1].cancel()  # it may have been given the place at this moment
            runs = await asyncio.gather(long, *waiting, return_exceptions=True)
            again = await runner.run(evalrun.Job(**probe("say", "y")))
            runner.close()
            return runs, again

        runs, again = asyncio.run(cancel())
        self.assertEqual(runs[3].stdout, b"x\n")
        self.assertEqual([type(each) for each in runs[:3]], [asyncio.CancelledError] * 3)
        self.assertEqual(again.stdout, b"y\n")

    def test_a_sandbox_that_is_lost_raises(self):
        async def lose():
            task = asyncio.create_task(evalrun.aio.run(**probe("sleep", "60", timeout=90)))
            await until(running_inits)
            for init in running_inits():
                os.kill(init, signal.SIGKILL)
            with self.assertRaises(evalrun.SandboxError):
                await task

        asyncio.run(lose())

    def test_errors_of_plans_and_check_are_those_of_run(self):
        async def wrong():
            with self.assertRaises(evalrun.PlanError):
                await evalrun.aio.run(["true"], image="none")
            with self.assertRaises(evalrun.CalledProcessError):
                await evalrun.aio.run(**probe("exit", "3", check=True))
            return await say("x")

        self.assertEqual(asyncio.run(wrong()).stdout, "x\n")

    def test_each_loop_has_its_own_and_leaves_nothing(self):
        for _ in range(3):
            self.assertEqual(asyncio.run(say("x")).stdout, "x\n")
        import gc

        gc.collect()
        wait_until(lambda: not inits())


if __name__ == "__main__":
    main()
