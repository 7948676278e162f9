"""evalrun.run(): what subprocess.run does, in a sandbox."""

import contextlib
import io
import multiprocessing
import os
import pickle
import pydoc
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from support import evalrun, inits, main, probe, running_inits, wait_until  # noqa: E402


def answer(queue):
    queue.put(evalrun.run(**probe("say", "from a process", text=True)).stdout)


class Results(unittest.TestCase):
    def test_a_program_that_exits_with_0_is_ok_and_its_figures_are_there(self):
        run = evalrun.run(**probe("say", "out", "complain", "err"))
        self.assertEqual((run.verdict, run.returncode, run.outcome), ("OK", 0, "exited"))
        self.assertEqual((run.stdout, run.stderr), (b"out\n", b"err\n"))
        self.assertTrue(run.ok)
        self.assertIsNone(run.limit)
        self.assertIsNone(run.signal)
        self.assertEqual(run.message, "exited with code 0")
        self.assertGreater(run.wall_time, 0)
        self.assertGreater(run.max_memory, 0)
        self.assertEqual(run.args, ("/opt/probe", "say", "out", "complain", "err"))

    def test_a_program_that_fails_is_a_result(self):
        run = evalrun.run(**probe("exit", "3"))
        self.assertEqual((run.verdict, run.returncode, run.ok), ("RE", 3, False))

    def test_a_signal_is_a_negative_return_code(self):
        run = evalrun.run(**probe("raise", "11"))
        self.assertEqual((run.verdict, run.returncode, run.signal), ("RE", -11, 11))

    def test_the_limit_that_ended_a_program_is_named(self):
        slow = evalrun.run(**probe("sleep", "9", timeout=0.2))
        self.assertEqual((slow.verdict, slow.limit, slow.returncode, slow.timed_out), ("TLE", "wall", -9, True))
        busy = evalrun.run(**probe("burn", "9", cpu=0.1))
        self.assertEqual((busy.verdict, busy.limit, busy.timed_out), ("TLE", "cpu", True))
        self.assertGreaterEqual(busy.cpu_time, 0.1)

    def test_a_timeout_alone_bounds_the_cpu_time_too_and_is_not_undercut_by_the_default(self):
        run = evalrun.run(**probe("burn", "9", timeout="2500ms"))
        self.assertIn(run.limit, ("wall", "cpu"))
        self.assertGreater(run.wall_time, 2.4)

    def test_memory_is_a_number_of_bytes_or_a_text(self):
        for memory in (8 << 20, "8MiB"):
            run = evalrun.run(**probe("say", "x", memory=memory, report=True))
            self.assertEqual(run.verdict, "OK")
        with self.assertRaises(evalrun.PlanError) as caught:
            evalrun.run(**probe("say", "x", memory=1000))
        self.assertEqual(caught.exception.plan_key, "limits.memory")

    def test_what_is_no_program_has_127(self):
        run = evalrun.run(["./text"], files={"text": evalrun.File("no program", 0o755)})
        self.assertEqual((run.outcome, run.returncode, run.verdict), ("not_started", 127, "RE"))

    def test_the_report_is_what_the_command_prints_if_it_was_asked_for(self):
        run = evalrun.run(**probe("say", "x", report=True))
        self.assertEqual(run.report["verdict"], "OK")
        self.assertEqual(run.report["stdout"]["text"], "x\n")
        self.assertEqual(evalrun.run(**probe("say", "x")).report, {})

    def test_a_result_can_be_pickled(self):
        run = evalrun.run(**probe("say", "x", report=True))
        self.assertEqual(pickle.loads(pickle.dumps(run)), run)


class Arguments(unittest.TestCase):
    def test_input_reaches_the_program_byte_by_byte(self):
        data = bytes(range(256)) * 1000
        self.assertEqual(evalrun.run(**probe("echo", input=data)).stdout, data)
        self.assertEqual(evalrun.run(**probe("echo", input=b"")).stdout, b"")
        self.assertEqual(evalrun.run(**probe("echo")).stdout, b"")

    def test_text_decodes_and_replaces_what_cannot_be_decoded(self):
        self.assertEqual(evalrun.run(**probe("echo", input="ä", text=True)).stdout, "ä")
        self.assertEqual(evalrun.run(**probe("echo", input=b"\xff", text=True)).stdout, "\ufffd")
        self.assertEqual(evalrun.run(**probe("echo", input="ä", encoding="latin-1")).stdout, "ä")
        with self.assertRaises(UnicodeDecodeError):
            evalrun.run(**probe("echo", input=b"\xff", errors="strict"))

    def test_files_are_str_bytes_paths_and_files_with_a_mode(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x"
            path.write_bytes(b"\0from a path")
            path.chmod(0o640)
            run = evalrun.run(
                ["sh", "-c", "cat a b c d; stat -c %a a b c d"],
                files={"a": "text ", "b": b"bytes\xff ", "c": path, "d": evalrun.File(" with a mode\n", 0o400)},
            )
        self.assertEqual(run.stdout, b"text bytes\xff \0from a path with a mode\n644\n644\n640\n400\n")

    def test_fetched_files_come_back_and_missing_ones_say_why(self):
        run = evalrun.run(["sh", "-c", "mkdir d; printf 'x\\0y' > d/out"], fetch=["d/out", "none"])
        self.assertEqual(run.files, {"d/out": b"x\0y"})
        self.assertEqual(list(run.file_errors), ["none"])
        self.assertIn("No such file", run.file_errors["none"])

    def test_fetching_leaves_nothing_on_the_host(self):
        before = set(os.listdir(tempfile.gettempdir()))
        evalrun.run(["sh", "-c", "echo > out"], fetch=["out"])
        left = set(os.listdir(tempfile.gettempdir())) - before
        self.assertEqual([name for name in left if name.startswith("evalrun-") and os.stat(
            os.path.join(tempfile.gettempdir(), name)).st_uid == os.getuid() and len(name) == 16], [])

    def test_the_environment_is_what_env_says_and_nothing_of_this_process(self):
        os.environ["SECRET_OF_THE_TEST"] = "1"
        try:
            said = evalrun.run(["sh", "-c", "env"], env={"NAME": "a=b\nc"}, text=True).stdout
        finally:
            del os.environ["SECRET_OF_THE_TEST"]
        self.assertIn("NAME=a=b\nc\n", said)
        self.assertNotIn("SECRET_OF_THE_TEST", said)

    def test_any_key_of_a_plan_can_be_set(self):
        said = evalrun.run(["sh", "-c", "hostname; ulimit -n"], keys={"hostname": "h\"q"[:1], "limits.open_files": 20},
                           text=True).stdout
        self.assertEqual(said, "h\n20\n")
        with self.assertRaises(evalrun.PlanError):
            evalrun.run(["true"], keys={"no.such.key": 1})

    def test_a_plan_is_a_file_or_its_text(self):
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "echo.toml"
            plan.write_text('image = "bash"\nargv = ["cat", "beside"]\nfiles.beside.from = "beside"\n')
            (plan.parent / "beside").write_text("found")
            self.assertEqual(evalrun.run(plan=plan).stdout, b"found")
            self.assertEqual(evalrun.run(plan=str(plan)).stdout, b"found")
        run = evalrun.run(["sh", "-c", "exit 4"], plan=evalrun.Toml('image = "bash"'))
        self.assertEqual(run.returncode, 4)

    def test_a_plan_with_cases_is_graded(self):
        cases = "".join(f'[[case]]\nstdin.text = "{n}"\nexpect.text = "1"\n' for n in (1, 2))
        run = evalrun.run(plan=evalrun.Toml('image = "bash"\nargv = ["cat"]\n' + cases))
        self.assertEqual((run.verdict, run.score, run.score_max), ("WA", 1.0, 2.0))

    def test_words_are_not_read_by_a_shell_and_what_cannot_be_a_word_is_refused(self):
        self.assertEqual(evalrun.run(["printf", "%s|", "a b", "$HOME", "*"]).stdout, b"a b|$HOME|*|")
        with self.assertRaises(TypeError):
            evalrun.run("echo x")
        with self.assertRaises(ValueError):
            evalrun.run(["echo", "a\0b"])
        with self.assertRaises(TypeError):
            evalrun.run([])

    def test_python_is_one_program(self):
        run = evalrun.python("import sys\nprint(input(), sys.argv[1:])", stdin="in", args=["a"])
        self.assertEqual((run.stdout, run.verdict), ("in ['a']\n", "OK"))
        self.assertIn("ZeroDivisionError", evalrun.python("1/0").stderr)
        with self.assertRaises(evalrun.CalledProcessError):
            evalrun.python("1/0", check=True)

    def test_help_shows_every_argument(self):
        shown = pydoc.plain(pydoc.render_doc(evalrun.run))
        for word in ("argv:", "input:", "timeout:", "memory:", "files:", "fetch:", "check:", "Raises PlanError"):
            self.assertIn(word, shown)
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            help(evalrun)
        for name in evalrun.__all__:
            self.assertIn(name, shown.getvalue())


class Examined(unittest.TestCase):
    def test_tests_grade_functions_and_no_code_forges_a_pass(self):
        tests = "import math\ndef test_it():\n    assert double(math.floor(4.5)) == 8\nassert double('a') == 'aa'\n"
        run = evalrun.python("def double(x): return 2 * x", tests=tests)
        self.assertEqual((run.verdict, run.ok), ("AC", True), run.message)
        wrong = evalrun.python("def double(x): return x", tests=tests)
        self.assertEqual((wrong.verdict, wrong.ok), ("WA", False), wrong.message)
        for forger in ("import os\nos._exit(0)", "class A:\n  def __eq__(self, o): return True\ndouble = lambda x: A()"):
            forged = evalrun.python(forger, tests=tests)
            self.assertFalse(forged.ok, forged)
        with self.assertRaises(evalrun.CalledProcessError):
            evalrun.python("double = None", tests=tests, check=True)

    def test_entry_says_the_names_and_without_tests_is_a_mistake(self):
        self.assertTrue(evalrun.python("x = 3", tests="assert x == 3", entry=["x"]).ok)
        self.assertFalse(evalrun.python("x = 3", tests="assert x == 3", entry=[]).ok)
        for mistake in ({"entry": ["x"]}, {"tests": "", "stdin": "s"}, {"tests": "", "entry": "x"}, {"tests": "", "args": ["a"]}):
            with self.assertRaises(TypeError):
                evalrun.python("x = 3", **mistake)


class Errors(unittest.TestCase):
    def test_check_raises_in_the_manner_of_subprocess(self):
        with self.assertRaises(subprocess.CalledProcessError) as caught:
            evalrun.run(**probe("say", "x", "exit", "3", check=True))
        self.assertEqual((caught.exception.returncode, caught.exception.stdout), (3, b"x\n"))
        self.assertIsInstance(caught.exception, evalrun.CalledProcessError)
        self.assertEqual(str(caught.exception), "RE: exited with code 3")
        with self.assertRaises(subprocess.TimeoutExpired):
            evalrun.run(**probe("sleep", "9", timeout=0.2, check=True))
        self.assertTrue(evalrun.run(**probe("say", "x", check=True)).ok)

    def test_a_run_that_cannot_be_is_a_plan_error_with_its_key(self):
        with self.assertRaises(evalrun.PlanError) as caught:
            evalrun.run(["true"], image="no-such-image")
        self.assertEqual(caught.exception.plan_key, "image")
        self.assertIn('no image "no-such-image"', str(caught.exception))
        self.assertNotIn("--set", str(caught.exception))
        with self.assertRaises(evalrun.PlanError):
            evalrun.run(["true"], files={"../out": "x"})

    def test_a_program_that_is_not_in_path_is_a_plan_error(self):
        with self.assertRaises(evalrun.PlanError) as caught:
            evalrun.run(["no-such-program"])
        self.assertEqual(str(caught.exception), "no-such-program is not in PATH of the image")

    def test_a_sandbox_that_is_lost_raises_with_and_without_check(self):
        def kill_it():
            wait_until(running_inits)
            for init in running_inits():
                os.kill(init, signal.SIGKILL)

        for check in (False, True):
            killer = threading.Thread(target=kill_it)
            killer.start()
            with self.assertRaises(evalrun.SandboxError):
                evalrun.run(**probe("sleep", "20", timeout=30, check=check))
            killer.join()

    def test_exceptions_can_be_pickled(self):
        run = evalrun.run(**probe("exit", "3"))
        for error in (
            evalrun.PlanError("m", "f", 1, 2, "k"),
            evalrun.SandboxError("m", "s", "o", "t", 5, True),
            evalrun.UsageError("m"),
            evalrun.CalledProcessError(run),
            evalrun.TimeoutExpired(run),
        ):
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(copy), str(copy), vars(copy)), (type(error), str(error), vars(error)))

    def test_an_interrupt_ends_the_program_and_the_next_run_is_as_ever(self):
        def interrupt():
            wait_until(running_inits)
            os.kill(os.getpid(), signal.SIGINT)

        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            thread = threading.Thread(target=interrupt)
            thread.start()
            with self.assertRaises(KeyboardInterrupt):
                evalrun.run(**probe("sleep", "20", timeout=30))
            thread.join()
        finally:
            signal.signal(signal.SIGINT, previous)
        wait_until(lambda: not running_inits())
        self.assertEqual(evalrun.run(**probe("say", "x")).stdout, b"x\n")


class Processes(unittest.TestCase):
    def test_threads_run_at_the_same_time_and_leave_nothing(self):
        outputs = {}

        def work(name):
            outputs[name] = [evalrun.run(**probe("say", f"{name} {n}", text=True)).stdout for n in range(3)]

        before = len(inits())
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(outputs, {name: [f"{name} {n}\n" for n in range(3)] for name in range(4)})
        wait_until(lambda: len(inits()) <= before)

    def test_a_forked_process_makes_an_engine_of_its_own(self):
        evalrun.run(**probe("say", "x"))  # the engine of this process is there
        for method in ("fork", "spawn"):
            context = multiprocessing.get_context(method)
            queue = context.SimpleQueue()
            process = context.Process(target=answer, args=(queue,))
            process.start()
            self.assertEqual(queue.get(), "from a process\n", method)
            process.join()
            self.assertEqual(process.exitcode, 0, method)
            process.close()
            queue.close()
        self.assertEqual(evalrun.run(**probe("say", "still")).stdout, b"still\n")


if __name__ == "__main__":
    main()
