"""Child processes: pipes in both directions, a shell pipeline, exit codes, signals, a timeout, fork itself."""

import os
import signal
import subprocess
import sys


def main():
    words = subprocess.run(["sort", "-r"], input="pear\napple\nquince\n", capture_output=True, text=True, check=True)
    print("sort:", words.stdout.split())

    shell = subprocess.run("seq 1 100 | grep 7 | wc -l", shell=True, capture_output=True, text=True, check=True)
    print("numbers with a 7:", shell.stdout.strip())

    code = "import sys; print('oops', file=sys.stderr); sys.exit(3)"
    failing = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE)
    print("exit code:", failing.returncode, "and on standard error:", failing.stderr)

    aborted = subprocess.run([sys.executable, "-c", "import os; os.abort()"])
    print("ended by", signal.Signals(-aborted.returncode).name)

    try:
        subprocess.run(["sleep", "60"], timeout=0.1)
    except subprocess.TimeoutExpired as expired:
        print("gave up on", *expired.cmd)

    own = subprocess.run(["/usr/bin/env"], env={"ONLY": "this"}, capture_output=True, text=True)
    print("environment of a child:", own.stdout.split())

    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.write(writer, b"hello from the child")
        os._exit(5)
    os.close(writer)
    with open(reader, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    print(f"fork: {text!r}, exit code {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
