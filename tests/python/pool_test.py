"""evalrun.Pool: many programs, so many at a time, with back-pressure."""

import gc
import itertools
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from support import BUILD, children, evalrun, inits, main, probe, running_inits, wait_until  # noqa: E402


def job(*words, **arguments):
    return evalrun.Job(**probe(*words, text=True, **arguments))


def use(pool, queue):
    try:
        pool.map([job("say", "x")])
    except evalrun.UsageError as error:
        queue.put(str(error))


class Pools(unittest.TestCase):
    def test_results_come_as_runs_end_with_the_key_of_their_job(self):
        with evalrun.Pool(jobs=2) as pool:
            keys = [run.key for run in pool.imap_unordered([job("sleep", "1", key="slow"), job("say", "x", key="quick")])]
        self.assertEqual(keys, ["quick", "slow"])

    def test_map_and_imap_keep_the_order_of_the_jobs(self):
        jobs = [job("sleep", "1", key=0), *(job("say", str(n), key=n) for n in range(1, 9))]
        with evalrun.Pool(jobs=3) as pool:
            self.assertEqual([run.key for run in pool.map(jobs)], list(range(9)))
            self.assertEqual([run.key for run in pool.imap(iter(jobs))], list(range(9)))

    def test_a_job_may_be_argv_alone(self):
        with evalrun.Pool(jobs=1) as pool:
            self.assertEqual([run.stdout for run in pool.map([["echo", "a"], ["echo", "b"]])], [b"a\n", b"b\n"])

    def test_no_more_is_taken_of_an_endless_generator_than_there_is_room_for(self):
        taken = itertools.count()
        last = [0]

        def endless():
            while True:
                last[0] = next(taken)
                yield job("say", "x")

        with evalrun.Pool(jobs=2) as pool:
            results = pool.imap_unordered(endless())
            for returned in range(1, 8):
                next(results)
                self.assertLess(last[0], returned + 4)
            time.sleep(0.3)
            self.assertLess(last[0], 7 + 4)

    def test_output_is_read_and_limits_hold_while_the_reader_is_busy(self):
        with evalrun.Pool(jobs=2) as pool:
            results = pool.imap_unordered(
                [job("say", "x", key="first"), job("sleep", "30", timeout=0.4, key="slow"),
                 evalrun.Job(["head", "-c", "3000000", "/dev/zero"], timeout=8, key="much")]
            )
            self.assertEqual(next(results).key, "first")
            time.sleep(1.5)  # nobody asks for results
            by_key = {run.key: run for run in results}
        self.assertEqual(by_key["slow"].limit, "wall")
        self.assertLess(by_key["slow"].wall_time, 1.2)
        self.assertEqual((by_key["much"].verdict, len(by_key["much"].stdout)), ("OK", 3000000))

    def test_an_error_is_raised_in_place_of_its_result_and_the_others_follow(self):
        jobs = [job("say", "a", key=0), evalrun.Job(["true"], image="none", key=1), job("say", "c", key=2)]
        with evalrun.Pool(jobs=1) as pool:
            results = pool.imap(jobs)
            self.assertEqual(next(results).key, 0)
            with self.assertRaises(evalrun.PlanError) as caught:
                next(results)
            self.assertEqual(caught.exception.key, 1)
            self.assertEqual(next(results).key, 2)
            self.assertRaises(StopIteration, next, results)
            kinds = [type(each).__name__ for each in pool.imap(jobs, errors="return")]
            self.assertEqual(kinds, ["CompletedRun", "PlanError", "CompletedRun"])
            with self.assertRaises(ValueError):
                pool.imap(jobs, errors="ignore")

    def test_a_job_that_cannot_be_read_is_an_error_of_its_own(self):
        with evalrun.Pool(jobs=1) as pool:
            wrong = evalrun.Job(["cat", "a"], files={"a": Path("/no/such/file")})
            outcomes = pool.map([wrong, job("say", "x")], errors="return")
        self.assertIn("/no/such/file", str(outcomes[0]))
        self.assertIsInstance(outcomes[0], FileNotFoundError)
        self.assertEqual(outcomes[1].stdout, "x\n")

    def test_output_that_cannot_be_decoded_is_an_error_of_its_job_alone(self):
        strict = evalrun.Job(**probe("write-hex", "ff", errors="strict", key=7))
        with evalrun.Pool(jobs=1) as pool:
            outcomes = pool.map([strict, job("say", "x")], errors="return")
        self.assertIsInstance(outcomes[0], UnicodeDecodeError)
        self.assertEqual(outcomes[0].key, 7)
        self.assertEqual(outcomes[1].stdout, "x\n")

    def test_a_sandbox_that_is_lost_raises_and_the_pool_goes_on(self):
        with evalrun.Pool(jobs=1) as pool:
            future = pool.submit(job("sleep", "20", timeout=30))
            wait_until(running_inits)
            os.kill(running_inits()[0], signal.SIGKILL)
            with self.assertRaises(evalrun.SandboxError):
                future.result()
            self.assertEqual(pool.submit(job("say", "x")).result().stdout, "x\n")

    def test_many_threads_use_one_pool(self):
        outputs = []
        with evalrun.Pool(jobs=2) as pool:
            def work(name):
                outputs.extend(run.stdout for run in pool.map(job("say", f"{name}.{n}") for n in range(5)))

            threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(outputs), sorted(f"{name}.{n}\n" for name in range(4) for n in range(5)))


class Ends(unittest.TestCase):
    def test_closing_kills_what_runs_and_who_waits_for_it_is_told(self):
        before = set(children())
        pool = evalrun.Pool(jobs=2)
        futures = [pool.submit(job("sleep", "60", timeout=90)) for _ in range(3)]
        wait_until(lambda: len(running_inits()) == 2)
        pool.close()
        self.assertEqual(running_inits(), [])
        for future in futures:
            with self.assertRaises(evalrun.SandboxError) as caught:
                future.result(timeout=5)
            self.assertTrue(caught.exception.retryable)
        with self.assertRaises(evalrun.UsageError):
            pool.submit(job("say", "x"))
        pool.close()
        wait_until(lambda: set(children()) <= before)

    def test_a_pool_that_was_not_closed_is_a_resource_warning_and_ends(self):
        pool = evalrun.Pool(jobs=1)
        pool.map([job("say", "x")])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del pool
            gc.collect()
        self.assertEqual([each.category for each in caught], [ResourceWarning])
        wait_until(lambda: not inits())

    def test_an_interpreter_that_ends_takes_its_pool_along_without_a_word(self):
        program = f"""
import sys
sys.argv = ["x", {str(BUILD)!r}]
sys.path.insert(0, {str(Path(__file__).parent)!r})
from support import evalrun, probe, running_inits, wait_until
evalrun.run(**probe("say", "x"))
pool = evalrun.Pool(jobs=1)
future = pool.submit(evalrun.Job(**probe("sleep", "60", timeout=90)))
wait_until(running_inits)
print(*running_inits())
"""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-X", "dev", "-W", "error", "-c", program], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLess(time.monotonic() - began, 30)
        init = int(done.stdout)
        wait_until(lambda: not Path(f"/proc/{init}").exists())

    def test_a_pool_without_jobs_starts_nothing(self):
        before = threading.active_count()
        with evalrun.Pool(jobs=1) as pool:
            self.assertEqual(pool.map([]), [])
            self.assertEqual(threading.active_count(), before)
        with self.assertRaises(ValueError):
            evalrun.Pool(jobs=0)

    def test_a_pickled_pool_starts_anew(self):
        with evalrun.Pool(jobs=1) as pool:
            pool.map([job("say", "x")])
            copy = pickle.loads(pickle.dumps(pool))
        with copy:
            self.assertEqual(copy.jobs, 1)
            self.assertEqual(copy.map([job("say", "y")])[0].stdout, "y\n")

    def test_the_copy_in_a_forked_process_refuses_and_disturbs_nothing(self):
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        with evalrun.Pool(jobs=1) as pool:
            future = pool.submit(job("sleep", "1", "say", "done"))
            process = context.Process(target=use, args=(pool, queue))
            process.start()
            self.assertIn("forked", queue.get())
            process.join()
            self.assertEqual(process.exitcode, 0)
            process.close()
            queue.close()
            self.assertEqual(future.result().stdout, "done\n")

    def test_a_job_can_be_pickled(self):
        one = job("say", "x", key=(1, "a"))
        self.assertEqual(pickle.loads(pickle.dumps(one)), one)

    def test_too_few_descriptors_for_so_many_jobs_are_told_of(self):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            with evalrun.Pool(jobs=100) as pool, self.assertRaises(ValueError) as caught:
                pool.submit(job("say", "x"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertIn("RLIMIT_NOFILE", str(caught.exception))


if __name__ == "__main__":
    main()
