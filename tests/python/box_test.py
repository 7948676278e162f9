"""evalrun.box, and the sandbox provider for Inspect that stands on it."""

import asyncio
import logging
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import inspect_shim  # noqa: E402
from support import evalrun, inits, main  # noqa: E402

inspect_shim.install()

import evalrun.box  # noqa: E402
import evalrun.compat.inspect_ai as provider  # noqa: E402
from evalrun.box import Box, BoxFull  # noqa: E402

# In development mode it tells of each slow step.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def sh(box, script, **more):
    return box.run(["sh", "-c", script], **more)


def in_box(test):
    """Runs `test` with a box, which is gone afterwards."""

    def run(self):
        async def with_box():
            with Box() as box:
                await test(self, box)
                folder = box.folder
            self.assertFalse(folder.exists())
            self.assertEqual(inits(), [])

        asyncio.run(with_box())

    return run


class Boxes(unittest.TestCase):
    @in_box
    async def test_files_stay_and_processes_do_not(self, box):
        sleepers = "cat /proc/[0-9]*/comm | grep -c sleep"
        first = await sh(box, f"pwd; echo $HOME; echo one > notes; echo two > /tmp/more; mkfifo pipe; sleep 60 & {sleepers}")
        self.assertEqual((first.verdict, first.stdout), ("OK", b"/box\n/box\n1\n"))
        second = await sh(box, f"cat notes /tmp/more; ls; {sleepers}")
        self.assertEqual(second.stdout, b"one\ntwo\nnotes\n0\n")
        third = await box.run(["sh", "-c", "cat; pwd; echo $A"], input="given", cwd="/tmp", env={"A": "b"})
        self.assertEqual(third.stdout, b"given/tmp\nb\n")

    @in_box
    async def test_files_are_written_and_read_as_the_user_of_the_box(self, box):
        content = bytes(range(256)) * 40_000
        await box.write("a/b c", content)
        self.assertEqual(await box.read("a/b c"), content)
        self.assertEqual((await box.run(["wc", "-c"], input=content)).stdout.split(), [b"10240000"])
        self.assertEqual(sorted(os.listdir(box.folder.parent)), ["box", "tmp"])
        await box.write("/tmp/x", "text")
        self.assertEqual(await box.read("/tmp/x"), b"text")
        await sh(box, "echo x > closed; chmod 000 closed; echo x > kept; chmod 444 kept; mkfifo pipe; ln -s /etc/passwd link")
        for file, error in (("none", FileNotFoundError), ("a", IsADirectoryError), ("closed", PermissionError)):
            with self.assertRaises(error) as told:
                await box.read(file)
            self.assertIn(file, str(told.exception))
        for file, error in (("a", IsADirectoryError), ("kept", PermissionError), ("/etc/x", PermissionError)):
            with self.assertRaises(error):
                await box.write(file, "")
        with self.assertRaises(OverflowError):
            await box.read("a/b c", most=1000)
        self.assertEqual(len(await box.read("a/b c", most=len(content))), len(content))
        # What a link leads to is the sandbox's, never the host's.
        self.assertIn(b"sandbox:x:1000", await box.read("link"))

    @in_box
    async def test_a_program_that_cannot_be_executed_raises_as_subprocess_does(self, box):
        await box.write("script", "echo")
        for argv, error in (
            (["no-such-program"], FileNotFoundError),
            (["./none"], FileNotFoundError),
            (["./script"], PermissionError),
            (["/etc/passwd"], PermissionError),
        ):
            with self.assertRaises(error) as told:
                await box.run(argv)
            self.assertEqual(told.exception.filename, argv[0])
        with self.assertRaises(FileNotFoundError):
            await box.run(["true"], cwd="none")
        await sh(box, "chmod +x script")
        self.assertEqual((await box.run(["sh", "script"])).verdict, "OK")

    @in_box
    async def test_limits_and_cancelling_end_a_run_and_not_the_box(self, box):
        late = await box.run(["sleep", "60"], timeout=0.3)
        self.assertEqual((late.verdict, late.limit), ("TLE", "wall"))
        much = await sh(box, "head -c 100000 /dev/zero", output=1000)
        self.assertEqual((much.verdict, len(much.stdout)), ("OLE", 1000))
        self.assertEqual(len((await sh(box, "head -c 1000 /dev/zero", output=1000)).stdout), 1000)
        task = asyncio.ensure_future(box.run(["sleep", "60"]))
        await asyncio.sleep(0.3)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual((await sh(box, "echo still")).stdout, b"still\n")

    @in_box
    async def test_runs_of_one_box_follow_each_other(self, box):
        count = "n=$(cat n 2>/dev/null || echo 0); sleep 0.02; echo $((n + 1)) > n"
        await asyncio.gather(*(sh(box, count) for _ in range(5)))
        self.assertEqual(await box.read("n"), b"5\n")

    def test_a_box_that_grows_beyond_its_bound_ends_what_fills_it(self):
        async def fill():
            with Box(disk=4 << 20, inodes=50) as box:
                self.assertEqual((await sh(box, "head -c 3000000 /dev/zero > a")).verdict, "OK")
                with self.assertRaises(BoxFull):
                    await sh(box, "head -c 3000000 /dev/zero > b; sleep 60")
                # It can be emptied.
                self.assertEqual((await sh(box, "rm a b; sleep 0.5")).verdict, "OK")
                with self.assertRaises(BoxFull):
                    await sh(box, "for i in $(seq 60); do : > $i; done; sleep 60")
                await sh(box, "rm *")
                self.assertEqual((await sh(box, "head -c 5000000 /dev/zero > a")).verdict, "RE")
                self.assertEqual((await sh(box, "stat -c %s a")).stdout, b"4194304\n")

        asyncio.run(fill())

    def test_a_folder_of_the_callers_stays(self):
        async def use(folder):
            with Box(folder=folder) as box:
                await box.write("kept", "1")
            with Box(folder=folder) as box:
                self.assertEqual(await box.read("kept"), b"1")

        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(use(folder))
            owner = os.stat(Path(folder) / "box" / "kept")
            self.assertEqual(stat.S_IMODE(os.stat(Path(folder) / "box").st_mode), 0o700)
            self.assertNotEqual(owner.st_uid, 0)

    def test_boxes_do_not_see_each_other(self):
        async def look():
            with Box() as one, Box() as other:
                await one.write("secret", "1")
                await one.write("/tmp/secret", "1")
                found = await sh(other, "ls -A /box /tmp")
                self.assertNotIn(b"secret", found.stdout)
                self.assertEqual(await one.read("secret"), b"1")

        asyncio.run(look())


class Inspect(unittest.TestCase):
    def check(self, test, config=None):
        async def with_sample():
            kind = inspect_shim.registered["evalrun"]
            environments = await kind.sample_init("task", config, {})
            try:
                await test(environments["default"])
            finally:
                await kind.sample_cleanup("task", config, environments, False)
            self.assertFalse(environments["default"].box.folder.exists())

        asyncio.run(with_sample())

    def test_a_command_has_its_result(self):
        async def test(sandbox):
            done = await sandbox.exec(["sh", "-c", "cat; echo out; echo err >&2; exit 3"], input="in ", env={"A": "1"})
            self.assertEqual((done.success, done.returncode, done.stdout, done.stderr), (False, 3, "in out\n", "err\n"))
            self.assertTrue((await sandbox.exec(["true"])).success)
            self.assertEqual((await sandbox.exec(["sh", "-c", "kill -TERM $$"])).returncode, 143)
            self.assertEqual((await sandbox.exec(["printf", "\\303"])).stdout, "\ufffd")

        self.check(test)

    def test_what_goes_wrong_is_told_as_inspect_wants_it(self):
        async def test(sandbox):
            missing = await sandbox.exec(["no-such-program"])
            self.assertEqual((missing.success, missing.returncode), (False, 127))
            self.assertIn("no-such-program", missing.stderr)
            with self.assertRaises(PermissionError):
                await sandbox.exec(["/etc/passwd"])
            with self.assertRaises(TimeoutError):
                await sandbox.exec(["sleep", "60"], timeout=1)
            with inspect_shim.limit("EXEC_OUTPUT", 1000), self.assertRaises(inspect_shim.OutputLimitExceededError) as told:
                await sandbox.exec(["head", "-c", "2000", "/dev/zero"])
            self.assertEqual(len(told.exception.truncated_output), 1000)
            stranger = await sandbox.exec(["whoami"], user="stranger")
            self.assertFalse(stranger.success)
            self.assertIn("stranger", stranger.stderr)
            self.assertEqual((await sandbox.exec(["whoami"], user="sandbox")).stdout, "sandbox\n")
            self.assertFalse((await sandbox.exec(["true"], cwd="none")).success)

        self.check(test)

    def test_files_are_read_and_written(self):
        async def test(sandbox):
            await sandbox.write_file("a/x", "line\r\n")
            self.assertEqual(await sandbox.read_file("a/x"), "line\r\n")
            await sandbox.write_file("b", b"\xff")
            self.assertEqual(await sandbox.read_file("b", text=False), b"\xff")
            with self.assertRaises(UnicodeDecodeError):
                await sandbox.read_file("b")
            with inspect_shim.limit("READ_FILE", 5), self.assertRaises(inspect_shim.OutputLimitExceededError):
                await sandbox.read_file("a/x")
            with self.assertRaises(FileNotFoundError):
                await sandbox.read_file("none")

        self.check(test)

    def test_a_sample_says_its_image_and_its_limits(self):
        async def python(sandbox):
            self.assertEqual((await sandbox.exec(["python3", "-c", "print(6 * 7)"])).stdout, "42\n")

        self.check(python, "python")

        async def small(sandbox):
            self.assertEqual((await sandbox.exec(["head", "-c", "9999999", "/dev/zero"])).success, True)
            done = await sandbox.exec(["sh", "-c", "x=$(head -c 99999999 /dev/zero | tr '\\0' a); echo"])
            self.assertEqual(done.returncode, 137)

        self.check(small, provider.EvalrunSandboxEnvironment.config_deserialize({"memory": "32MiB"}))
        with self.assertRaises(TypeError):
            self.check(small, 7)


if __name__ == "__main__":
    main()
