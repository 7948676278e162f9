"""evalrun.compat and the fixture of pytest: what stands in place of other projects' functions."""

import concurrent.futures
import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from support import TREE, LACKS, evalrun, main  # noqa: E402

from evalrun.compat import code_eval  # noqa: E402
from evalrun.compat.human_eval import check_correctness  # noqa: E402

PROBLEM = {
    "task_id": "Test/0",
    "prompt": 'def next_of(x):\n    """The next."""\n',
    "entry_point": "next_of",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(5) == 6, 'five'\n",
}


def result_of(completion, timeout=5.0):
    return check_correctness(PROBLEM, completion, timeout, 3)


class HumanEval(unittest.TestCase):
    def test_a_right_completion_passes(self):
        self.assertEqual(
            result_of("    return x + 1\n"),
            {"task_id": "Test/0", "passed": True, "result": "passed", "completion_id": 3},
        )

    def test_failures_have_the_words_of_human_eval(self):
        wrong = "failed: 0 of 1 test passed; check(next_of): "
        self.assertEqual(result_of("    return 2\n")["result"], wrong + "line 7: five: 2 == 6")
        unknown = result_of("    return y\n")["result"]
        self.assertTrue(unknown.startswith(wrong) and "name 'y' is not defined" in unknown, unknown)
        self.assertEqual(result_of("    while True: pass\n", 0.5)["result"], "timed out")
        self.assertIn("failed: ", result_of("  return 1\n")["result"])  # it cannot be read
        for completion in ("    return 2\n", "    while True: pass\n"):
            self.assertFalse(result_of(completion, 0.5)["passed"])

    def test_an_early_end_does_not_pass(self):
        for end in ("import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit", "exit()",
                    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"):
            result = result_of(f"    {end}\n")
            self.assertFalse(result["passed"], end)
            self.assertIn("failed: ", result["result"], end)

    def test_a_completion_that_lies_about_itself_does_not_pass(self):
        for lie in ("class Liar:\n        def __eq__(self, other): return True\n    return Liar()",
                    "import sys\n    sys.excepthook = lambda *what: None\n    return 0",
                    "import atexit, os\n    atexit.register(os._exit, 0)\n    return 0",
                    "import os\n    os.execv('/bin/true', ['true'])"):
            self.assertFalse(result_of(f"    {lie}\n")["passed"], lie)

    def test_output_of_the_program_is_no_answer(self):
        forged = "    print('[\"\", \"passed\"]')\n    return 0\n"
        self.assertEqual(result_of(forged)["result"], "failed: 0 of 1 test passed; check(next_of): line 6: 0 == 2")
        self.assertTrue(result_of("    print('noise' * 100000)\n    return x + 1\n")["passed"])

    def test_too_much_memory_fails_by_name(self):
        self.assertIn("memory", result_of("    big = b'x' * (3 << 30)\n    return x + 1\n")["result"].lower())

    def test_the_threads_of_human_eval_call_it(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as executor:
            completions = ["    return x + 1\n", "    return x\n"] * 6
            passed = [each["passed"] for each in executor.map(result_of, completions)]
        self.assertEqual(passed, [True, False] * 6)


class CodeEval(unittest.TestCase):
    def test_pass_at_k_is_the_chance_of_a_right_one_among_k(self):
        self.assertEqual(code_eval.pass_at_k(4, 0, 2), 0.0)
        self.assertEqual(code_eval.pass_at_k(4, 4, 2), 1.0)
        self.assertEqual(code_eval.pass_at_k(4, 1, 1), 0.25)
        self.assertAlmostEqual(code_eval.pass_at_k(4, 1, 2), 0.5)
        self.assertEqual(code_eval.pass_at_k(4, 3, 2), 1.0)

    def test_compute_gives_scores_and_results_by_task(self):
        right, wrong = "def f(x): return x + 1", "def f(x): return x"
        scores, results = code_eval.compute([[right, wrong], [right, right]], ["assert f(1) == 2"] * 2, k=[1, 2, 3])
        self.assertEqual(scores, {"pass@1": 0.75, "pass@2": 1.0})
        self.assertEqual([number for number, _ in results[0]], [0, 1])
        self.assertEqual([each["passed"] for _, each in results[0]], [True, False])
        self.assertEqual(results[1][1][1], {"task_id": 1, "passed": True, "result": "passed", "completion_id": 1})

    def test_the_folder_is_a_metric_that_evaluate_can_load(self):
        """With stand-ins for evaluate and datasets, which say what the metric inherits and declares."""
        evaluate, datasets = types.ModuleType("evaluate"), types.ModuleType("datasets")
        evaluate.Metric = object
        evaluate.MetricInfo = lambda **fields: fields
        datasets.Features, datasets.Sequence, datasets.Value = dict, list, str
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-I", "-c",
                       f"import sys; sys.path.insert(0, {str(TREE)!r}); sys.argv = ['x', {folder + '/code_eval'!r}]; "
                       "import runpy; runpy.run_module('evalrun.compat.code_eval', run_name='__main__')"]
            subprocess.run(command, check=True, capture_output=True)
            sys.modules.update(evaluate=evaluate, datasets=datasets)
            try:
                metric = {}
                for name in ("code_eval.py", "execute.py"):
                    path = Path(folder, "code_eval", name)
                    exec(compile(path.read_text(), path, "exec"), metric)
            finally:
                del sys.modules["evaluate"], sys.modules["datasets"]
        one = metric["CodeEval"]()
        self.assertEqual(set(one._info()["features"]), {"predictions", "references"})
        scores, _ = one._compute([["def f(): return 1"]], ["assert f() == 1"], k=[1])
        self.assertEqual(scores, {"pass@1": 1.0})
        self.assertTrue(metric["check_correctness"]("assert True", 3.0, "t", 0)["passed"])


class PytestFixture(unittest.TestCase):
    @unittest.skipUnless(
        os.path.isdir("/usr/lib/python3/dist-packages/pytest") or os.environ.get("EVALRUN_MUST_WORK") == "1",
        "no python3-pytest",
    )
    def test_a_test_asks_for_it_by_name_and_a_mark_sets_its_arguments(self):
        test = f"""
import pytest

def test_it_runs(sandbox):
    assert sandbox.run(["echo", "x"]).stdout == "x\\n"

@pytest.mark.evalrun(timeout=0.2, env={{"A": "1"}})
def test_a_mark(sandbox):
    assert sandbox.run(["sh", "-c", "echo $A"]).stdout == "1\\n"
    assert sandbox.run(["sleep", "5"]).timed_out
    assert not sandbox.run(["sleep", "0.4"], timeout=5).timed_out

def test_an_error(sandbox):
    sandbox.run(["echo"], image="none")
"""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_it.py").write_text(test)
            # The tree has the metadata by which pytest finds the plugin.
            driver = (f"import sys; sys.path.insert(0, {str(TREE)!r}); import evalrun, pytest; "
                      f"evalrun.configure(keys={LACKS!r}); "
                      "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '--strict-markers', 'test_it.py']))")
            done = subprocess.run([sys.executable, "-I", "-B", "-c", driver], cwd=folder, capture_output=True, text=True)
        self.assertIn("1 failed, 2 passed", done.stdout, done.stdout + done.stderr)
        self.assertIn('PlanError: image: no image "none"', done.stdout)


class Wheel(unittest.TestCase):
    def test_it_says_what_it_needs_and_holds_the_whole_tree(self):
        source = Path(os.environ.get("EVALRUN_SOURCE_DIR") or Path(__file__).parents[2])
        script = source / "runtime" / "library" / "python" / "make_wheel.py"
        import zipfile

        with tempfile.TemporaryDirectory() as folder:
            names = [
                subprocess.run([sys.executable, "-I", script, TREE, folder], check=True, capture_output=True, text=True
                               ).stdout.strip() for _ in range(2)]
            self.assertEqual(names[0], names[1])
            self.assertRegex(Path(names[0]).name, r"^evalrun-[0-9.]+-py3-none-manylinux_2_\d+_\w+\.whl$")
            with zipfile.ZipFile(names[0]) as wheel:
                inside = set(wheel.namelist())
                record = [name for name in inside if name.endswith("/RECORD")][0]
                listed = {line.rsplit(",", 2)[0] for line in wheel.read(record).decode().splitlines()}
                unpacked = Path(folder) / "unpacked"
                wheel.extractall(unpacked)
            self.assertEqual(listed, inside)
            self.assertIn("evalrun/libevalrun.so.1", inside)
            self.assertIn("evalrun/images/python.toml", inside)
            self.assertIn("evalrun/py.typed", inside)
            self.assertFalse([name for name in inside if "__pycache__" in name])
            said = subprocess.run(
                [sys.executable, "-I", "-B", "-c",
                 f"import sys; sys.path.insert(0, {str(unpacked)!r}); import evalrun; "
                 f"evalrun.configure(keys={LACKS!r}); print(evalrun.python('print(6 * 7)').stdout, evalrun.__version__)"],
                capture_output=True, text=True, check=True).stdout
            self.assertEqual(said, f"42\n {evalrun.__version__}\n")


if __name__ == "__main__":
    main()
