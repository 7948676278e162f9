"""evalrun.rewards: the signatures of verl, TRL and OpenRLHF."""

import json
import os
import pickle
import signal
import sys
import threading
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from support import children, evalrun, main  # noqa: E402

from evalrun import rewards  # noqa: E402

SUMS = {"inputs": ["1 2\n", "30 4\n"], "outputs": ["3\n", "34"]}
RIGHT = "It reads both.\n```python\na, b = map(int, input().split())\nprint(a + b)\n```\nDone."
HALF = "```python\nprint(3)\n```"
CALLS = {"fn_name": "add", "inputs": [[1, 2], "[1]\n[2]"], "outputs": [3, "[1, 2]"]}


class Extraction(unittest.TestCase):
    def test_the_last_block_of_the_language_counts(self):
        text = "```py\nfirst\n```\n```python\nsecond\n```\n```text\nthird\n```\n"
        self.assertEqual(rewards.extract_code(text), "second\n")

    def test_else_the_last_block_without_a_language_and_else_all(self):
        self.assertEqual(rewards.extract_code("```\na\n```\n```\nb\n```\n```rust\nc\n```"), "b\n")
        self.assertEqual(rewards.extract_code("print(1)"), "print(1)")
        self.assertEqual(rewards.extract_code("```c++\nx\n```", "cpp"), "x\n")


class Grading(unittest.TestCase):
    def test_programs_are_compared_by_their_output(self):
        full, half = rewards.grade([(rewards.extract_code(RIGHT), SUMS), (rewards.extract_code(HALF), SUMS)])
        self.assertEqual((full.verdict, full.passed, full.fraction), ("AC", (True, True), 1.0))
        self.assertEqual((half.verdict, half.passed, half.fraction), ("WA", (True, False), 0.5))

    def test_functions_and_methods_are_called_and_what_they_print_does_not_count(self):
        function = "def add(a, b):\n    print('noise')\n    return a + b"
        method = "class Solution:\n    def add(self, a, b):\n        return a + b"
        wrong = "def add(a, b):\n    return [1, 2]"
        for code, passed in ((function, (True, True)), (method, (True, True)), (wrong, (False, True))):
            self.assertEqual(rewards.grade([(code, CALLS)])[0].passed, passed, code)

    def test_what_is_expected_is_nowhere_in_the_sandbox(self):
        spy = """
import glob, os, sys
found = sys.stdin.read() + repr(os.environ)
for name in glob.glob("/work/**", recursive=True) + glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        found += open(name, errors="replace").read()
    except OSError:
        pass
print("81726354" if "8172" + "6354" in found.replace('"8172" + "6354"', "").replace('"81726354"', "") else "nothing")
"""
        score = rewards.grade([(spy, {"inputs": ["x"], "outputs": ["81726354"]})])[0]
        self.assertEqual(score.passed, (False,))
        seen = rewards.grade([(spy, {"inputs": ["81726354"], "outputs": ["81726354"]})])[0]
        self.assertEqual(seen.passed, (True,), "the spy finds what is there")

    def test_an_early_end_passes_nothing(self):
        for code in ("import os\nos._exit(0)", "import sys\nsys.exit(0)"):
            self.assertEqual(rewards.grade([(code, CALLS)])[0].passed, (False, False))

    def test_limits_end_a_test_with_their_verdict(self):
        self.assertEqual(rewards.grade([("while True: pass", SUMS)], timeout=0.3)[0].verdict, "TLE")
        self.assertEqual(rewards.grade([("x = bytearray(1 << 29)", SUMS)], memory="64MiB")[0].passed, (False, False))

    def test_tests_that_would_run_beside_the_code_are_refused(self):
        for tests in ({"assert_case": ["assert f()"]}, "[1]", {"inputs": [], "outputs": []},
                      {"inputs": ["a"], "outputs": []}):
            with self.assertRaises(ValueError):
                rewards.grade([("x", tests)])


class Signatures(unittest.TestCase):
    def test_verl(self):
        self.assertEqual(rewards.compute_score("source", RIGHT, json.dumps(SUMS), {"index": 3}), 1.0)
        self.assertEqual(rewards.compute_score("source", HALF, SUMS, None, a_key_of_verls=1), 0.0)
        self.assertEqual(rewards.compute_score("source", HALF, SUMS, continuous=True), 0.5)

    def test_trl(self):
        chat = [{"role": "assistant", "content": HALF}]
        given = rewards.trl_reward(
            prompts=["p"] * 3, completions=[RIGHT, chat, RIGHT], ground_truth=[SUMS, SUMS, None], trainer_state=None
        )
        self.assertEqual(given, [1.0, 0.0, None])
        self.assertIsInstance(rewards.trl_reward.__name__, str)
        mine = pickle.loads(pickle.dumps(rewards.TrlReward("tests", continuous=True)))
        self.assertEqual(mine(completions=[HALF], tests=[json.dumps(SUMS)]), [0.5])
        with self.assertRaises(ValueError):
            rewards.trl_reward(completions=[RIGHT], tests=[SUMS])

    def test_openrlhf(self):
        # The prompt has a block of its own, which is not the answer.
        prompt = "```python\nprint(3)\n```\n"
        given = rewards.reward_func([prompt + RIGHT, prompt + "no code"], [prompt] * 2, [json.dumps(SUMS)] * 2)
        self.assertEqual(given["rewards"], [1.0, 0.0])
        self.assertEqual(given["scores"], [1.0, 0.0])
        self.assertEqual(given["extra_logs"], {"tests_passed": [1.0, 0.0]})

    def test_openrlhf_gets_tensors_where_torch_is(self):
        torch = types.ModuleType("torch")
        torch.tensor = lambda values: ("tensor", values)
        sys.modules["torch"] = torch
        try:
            given = rewards.reward_func([RIGHT], [""], [SUMS])
        finally:
            del sys.modules["torch"]
        self.assertEqual(given["rewards"], ("tensor", [1.0]))

    def test_all_can_be_pickled_by_name(self):
        for function in (rewards.compute_score, rewards.reward_func):
            self.assertIs(pickle.loads(pickle.dumps(function)), function)

    def test_a_sandbox_that_is_lost_raises_and_is_no_reward(self):
        ended = threading.Event()

        def lose():
            while not ended.wait(0.05):
                for child in children():
                    status = Path(f"/proc/{child}/status")
                    try:
                        if status.read_text().split("NSpid:")[1].split("\n")[0].split()[1:] == ["1"]:
                            os.kill(child, signal.SIGKILL)
                    except (OSError, IndexError):
                        pass

        thread = threading.Thread(target=lose)
        thread.start()
        slow = "import time\ntime.sleep(60)"
        try:
            with self.assertRaises(evalrun.SandboxError):
                rewards.compute_score("source", slow, SUMS)
            with self.assertRaises(evalrun.SandboxError):
                rewards.trl_reward(completions=[slow], ground_truth=[SUMS])
            with self.assertRaises(evalrun.SandboxError):
                rewards.reward_func([slow], [""], [SUMS])
        finally:
            ended.set()
            thread.join()
        # What stood prepared for the next runs may have been killed too. It is met here, and not by another test.
        for _ in range(16):
            try:
                rewards.compute_score("source", "", SUMS)
            except evalrun.SandboxError:
                continue
            break


class Compiled(unittest.TestCase):
    @unittest.skipUnless(
        (os.path.exists("/usr/bin/g++") and os.path.exists("/usr/bin/gcc")) or os.environ.get("EVALRUN_MUST_WORK") == "1",
        "no g++",
    )
    def test_c_and_cpp_are_compiled_once(self):
        cpp = "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b; }"
        c = '#include <stdio.h>\nint main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d", a + b); }'
        self.assertEqual(rewards.grade([(cpp, SUMS)], language="cpp")[0].verdict, "AC")
        self.assertEqual(rewards.grade([(c, SUMS)], language="c")[0].verdict, "AC")
        self.assertEqual(rewards.grade([("int main() {", SUMS)], language="cpp")[0],
                         rewards.Score("CE", "the compile step failed: exited with code 1", (False, False)))


if __name__ == "__main__":
    main()
