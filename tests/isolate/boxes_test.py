"""Boxes of evalrun-isolate: what recorded.jsonl cannot say, since it needs two users, groups, or an attack."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

COMMAND = Path(sys.argv[1]) / "evalrun-isolate"
IS_ROOT = os.geteuid() == 0


class Boxes(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="evalrun-isolate-"))
        self.place.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.configure()

    def configure(self, more=""):
        missing = os.environ.get("EVALRUN_ACCEPT_MISSING", "")
        (self.place / "isolate.cf").write_text(
            f"# of a test\nbox_root = {self.place}/boxes\nlock_root={self.place}/locks\ncg_root = /nowhere\n"
            f"first_uid = 61000\nfirst_gid = 61000\nnum_boxes = 100\n{more}"
            + (f"accept_missing = {missing}\n" if missing else "")
        )

    def isolate(self, *words, **options):
        return subprocess.run(
            [COMMAND, *map(str, words)], env=self.environment(), capture_output=True, text=True, cwd=self.place,
            stdin=options.pop("stdin", subprocess.DEVNULL), timeout=60, **options
        )

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "EVALRUN_ISOLATE_CONFIG": str(self.place / "isolate.cf")}

    def init(self, *words):
        done = self.isolate("--init", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return Path(done.stdout.strip()) / "box"

    def run_in(self, *words, status=0):
        done = self.isolate("--run", "-s", "-M", "meta", *words)
        self.assertEqual(done.returncode, status, done.stderr + self.meta_text())
        return done

    def meta_text(self):
        file = self.place / "meta"
        return file.read_text() if file.exists() else ""

    def meta(self):
        return dict(line.split(":", 1) for line in self.meta_text().splitlines())

    # ---- memory and groups ----

    def test_memory_of_a_group_is_limited_as_by_the_kernel(self):
        self.init("--cg")
        self.run_in("--cg", "--cg-mem=40000", "-p", "--", "/usr/bin/python3", "-c", "x = bytearray(100 << 20)", status=1)
        meta = self.meta()
        self.assertEqual((meta["status"], meta["exitsig"], meta["cg-oom-killed"]), ("SG", "9", "1"))
        self.assertEqual(list(meta), ["time", "time-wall", "max-rss", "csw-voluntary", "csw-forced", "cg-mem",
                                      "cg-oom-killed", "exitsig", "status", "message"])
        # The next run of the box has its own limit and its own figures.
        self.run_in("--cg", "--cg-mem=200000", "--", "/usr/bin/python3", "-c", "x = bytearray(100 << 20)")
        self.assertGreater(int(self.meta()["cg-mem"]), 100_000)
        self.run_in("--cg", "--", "/bin/true")
        self.assertLess(int(self.meta()["cg-mem"]), 50_000)

    def test_a_box_keeps_its_way_with_groups_until_it_is_made_anew(self):
        self.init()
        done = self.run_in("--cg", "--", "/bin/true", status=2)
        self.assertIn("incompatible control group mode", done.stderr)
        self.init("--cg")
        self.run_in("--cg", "--", "/bin/true")
        self.run_in("--", "/bin/true", status=2)

    def test_options_of_isolate_1_are_taken(self):
        self.init("--cg")
        self.run_in("--cg", "--cg-timing", "-t", "2", "--", "/bin/true")
        self.run_in("--cg", "--no-cg-timing", "-t", "2", "--", "/bin/true")

    # ---- what a program can leave behind for its caller ----

    def test_a_link_in_the_box_leads_no_stream_out_of_it(self):
        box = self.init()
        secret = self.place / "secret"
        secret.write_text("secret")
        secret.chmod(0o666)
        for target in (secret, "../../../secret", "/proc/self/environ"):
            os.symlink(target, box / "link")
            for option in ("-i", "-o", "-r"):
                done = self.isolate("--run", "-s", "-M", "meta", "--special-files", option, "link", "--", "/bin/cat")
                self.assertEqual((done.returncode, done.stdout), (2, ""), (target, option))
                self.assertEqual(self.meta()["status"], "XX")
            os.unlink(box / "link")
        self.assertEqual(secret.read_text(), "secret")
        # A link that stays inside is followed.
        (box / "real").write_text("inside")
        os.symlink("real", box / "link")
        self.assertEqual(self.run_in("--special-files", "-i", "link", "--", "/bin/cat").stdout, "inside")

    @unittest.skipUnless(IS_ROOT, "only root gives files away")
    def test_ownership_goes_to_the_program_and_back_and_through_no_link(self):
        box = self.init()
        outside = self.place / "outside"
        outside.write_text("mine")
        program = "import os; print(oct(os.stat('/box').st_mode), os.access('/box', os.W_OK)); os.symlink('" + str(
            outside) + "', 'l'); os.mkdir('d'); open('d/f', 'w')"
        self.run_in("--", "/usr/bin/python3", "-c", program)
        self.assertEqual(outside.stat().st_uid, 0)
        self.assertEqual(sorted(os.listdir(box)), ["d"])
        self.assertEqual((box / "d" / "f").stat().st_uid, 0)
        self.assertEqual(box.stat().st_mode & 0o777, 0o700)

    @unittest.skipUnless(IS_ROOT, "only root has programs run as others")
    def test_outside_of_its_sandbox_a_program_is_the_user_of_its_box(self):
        self.isolate("-b", "5", "--init")
        running = subprocess.Popen(
            [COMMAND, "-b", "5", "--run", "-s", "--", "/bin/sleep", "20"], env=self.environment(), stdin=subprocess.DEVNULL)
        try:
            self.wait_until(lambda: 61005 in self.owners_of_sleep())
        finally:
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.wait(), 1)

    def owners_of_sleep(self):
        owners = set()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cmdline").read_bytes() == b"/bin/sleep\x0020\x00":
                    owners.add(entry.stat().st_uid)
            except OSError:
                pass
        return owners

    def wait_until(self, condition):
        end = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come true")
            time.sleep(0.02)

    @unittest.skipUnless(IS_ROOT, "needs two users")
    def test_a_box_is_its_makers_alone(self):
        done = self.isolate("--init", "--as-uid=20001", "--as-gid=20001")
        self.assertEqual(done.returncode, 0)
        (self.place / "locks" / "0").chmod(0o666)
        other = ["setpriv", "--reuid", "20002", "--regid", "20002", "--clear-groups"]
        done = subprocess.run([*other, COMMAND, "--run", "--", "/bin/true"], env=self.environment(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("This box belongs to a different user (uid 20001)", done.stderr)

    # ---- programs that talk ----

    def test_programs_in_two_boxes_talk_through_fifos_of_the_host(self):
        fifos = self.place / "fifos"
        fifos.mkdir()
        fifos.chmod(0o777)
        for name in ("to", "from"):
            os.mkfifo(fifos / name)
            (fifos / name).chmod(0o666)
        for box in (1, 2):
            self.isolate("-b", box, "--init")
        folder = f"--dir=/fifos={fifos}:rw"
        first = subprocess.Popen(
            [COMMAND, "-b", "1", "--run", "-s", folder, "-w", "20", "-i", "/fifos/from", "-o", "/fifos/to", "--",
             "/usr/bin/python3", "-c", "print('question', flush=True); import sys; sys.exit(input() != 'answer')"],
            env=self.environment(), stdin=subprocess.DEVNULL)
        second = self.isolate("-b", 2, "--run", "-s", folder, "-w", "20", "--", "/usr/bin/python3", "-c",
                              "a = open('/fifos/from', 'w'); b = open('/fifos/to'); q = b.readline(); "
                              "print(q, end=''); print('answer', file=a, flush=True)")
        self.assertEqual((second.returncode, second.stdout), (0, "question\n"), second.stderr)
        self.assertEqual(first.wait(20), 0)

    def test_a_folder_with_a_socket_of_the_host_is_refused_and_without_it_shown(self):
        import socket

        shown = self.place / "shown"
        (shown / "below").mkdir(parents=True)
        (shown / "file").write_text("there")
        self.init()
        words = [f"--dir=/shown={shown}", "--", "/bin/cat", "/shown/file"]
        self.assertEqual(self.run_in(*words).stdout, "there")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(shown / "below" / "socket"))
        self.run_in(*words, status=2)
        self.assertEqual(self.meta()["message"],
                         f"Cannot mount {shown} on shown: it holds a socket, {shown}/below/socket")

    def test_a_socket_in_the_box_itself_is_refused_too(self):
        import socket

        box = self.init()
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(box / "socket"))
        self.run_in("--special-files", "--", "/bin/true", status=2)
        self.assertIn("holds a socket", self.meta()["message"])
        self.run_in("--", "/bin/true")  # removed before the run, as all special files

    def test_boxes_run_at_the_same_time(self):
        processes = []
        for box in range(6):
            self.isolate("-b", box, "--init")
            processes.append(subprocess.Popen(
                [COMMAND, "-b", str(box), "--run", "-s", "-p", "--", "/bin/sh", "-c", f"echo {box} > f; sleep 1; cat f"],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))
        said = [process.communicate(timeout=60)[0] for process in processes]
        self.assertEqual(said, [f"{box}\n" for box in range(6)])

    # ---- its end ----

    def test_a_killed_command_leaves_no_program_and_the_box_is_of_use_again(self):
        self.init()
        running = subprocess.Popen([COMMAND, "--run", "-s", "--", "/bin/sleep", "21"], env=self.environment(), stdin=subprocess.DEVNULL)
        mine = b"/bin/sleep\x0021\x00"

        def programs():
            found = []
            for entry in Path("/proc").iterdir():
                try:
                    if entry.name.isdigit() and (entry / "cmdline").read_bytes() == mine:
                        found.append(entry.name)
                except OSError:
                    pass
            return found

        self.wait_until(programs)
        running.kill()
        running.wait()
        self.wait_until(lambda: not programs())
        self.init()
        self.run_in("--", "/bin/true")

    # ---- configuration ----

    def test_what_is_wrong_in_the_configuration_is_told_with_its_line(self):
        for more, told in (("nonsense = 1\n", "Unknown configuration item"), ("box1.nonsense = 1\n", "Unknown per-box"),
                           ("what\n", "expecting key=value"), ("box1.cpus = x\n", "expected a number"),
                           ("syscall_flags = 0\n", "lifts none")):
            self.configure(more)
            done = self.isolate("--check-config")
            self.assertEqual(done.returncode, 2, more)
            self.assertIn("line 8: ", done.stderr)
            self.assertIn(told, done.stderr)
        self.configure()
        self.assertEqual(self.isolate("--check-config").returncode, 0)
        self.assertEqual(self.isolate("--print-cg-root").stdout, "/nowhere\n")

    def test_a_box_is_pinned_to_its_processors(self):
        core = min(os.sched_getaffinity(0))
        self.configure(f"box3.cpus = {core}\n")
        self.isolate("-b", "3", "--init")
        program = ["--run", "-s", "--", "/usr/bin/python3", "-c", "import os; print(sorted(os.sched_getaffinity(0)))"]
        self.assertEqual(self.isolate("-b", "3", *program).stdout, f"[{core}]\n")
        self.isolate("-b", "4", "--init")
        self.assertEqual(self.isolate("-b", "4", *program).stdout, f"{sorted(os.sched_getaffinity(0))}\n")

    @unittest.skipIf(IS_ROOT, "root has boxes of all in one place")
    def test_without_a_configuration_an_ordinary_user_has_boxes_in_his_home(self):
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.place)}
        if os.path.exists("/usr/local/etc/isolate") or os.path.exists("/etc/isolate"):
            self.skipTest("this host has a configuration of isolate's")
        done = subprocess.run([COMMAND, "--init"], env=environment, capture_output=True, text=True)
        self.assertEqual(done.stdout, f"{self.place}/.local/share/evalrun/isolate/0\n", done.stderr)


if __name__ == "__main__":
    sys.argv[1:] = []
    program = unittest.main(exit=False, testRunner=unittest.TextTestRunner(stream=sys.stdout, verbosity=2))
    sys.exit(not program.result.wasSuccessful())
