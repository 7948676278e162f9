"""Tries what a hostile submission tries, and prints what stopped each attempt."""

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path


def read_secrets():
    return Path("/etc/shadow").read_text()


def read_someones_home():
    return os.listdir("/root") + os.listdir("/home")


def write_outside():
    Path("/usr/bin/python3").write_bytes(b"#!/bin/sh\n")


def write_in_the_root():
    Path("/left-behind").touch()


def run_from_tmp():
    script = Path("/tmp/run-me")
    script.write_text("#!/bin/sh\necho I ran\n")
    script.chmod(0o755)
    subprocess.run([script], check=True)


def open_a_socket():
    socket.create_connection(("192.0.2.1", 80), timeout=1)


def become_root():
    os.setuid(0)


def leave_the_root():
    os.chroot("/work")


def make_a_device():
    os.mknod("/work/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0))


def kill_init():
    os.kill(1, signal.SIGKILL)
    raise PermissionError("sent, but it has no effect on a namespace's first process")


def see_the_machine():
    return Path("/proc/meminfo").read_text() + Path("/sys/kernel/version").read_text()


def hide_code_in_memory():
    os.memfd_create("hidden")


def fork_without_end():
    children = []
    try:
        while True:
            pid = os.fork()
            if pid == 0:
                signal.pause()
            children.append(pid)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}, after {len(children)} forks") from None
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def fill_the_disk():
    try:
        with open("/work/filler", "wb") as file:
            while True:
                file.write(bytes(1 << 16))
    finally:
        os.unlink("/work/filler")


def open_everything():
    files = []
    while True:
        files.append(open("/dev/null"))


ATTEMPTS = [
    read_secrets,
    read_someones_home,
    write_outside,
    write_in_the_root,
    run_from_tmp,
    open_a_socket,
    become_root,
    leave_the_root,
    make_a_device,
    kill_init,
    see_the_machine,
    hide_code_in_memory,
    fork_without_end,
    fill_the_disk,
    open_everything,
]


def trace_the_parent():
    """Not among the attempts: under the strict profile this call ends the run."""
    PTRACE_ATTACH = 16
    ctypes.CDLL(None).ptrace(PTRACE_ATTACH, os.getppid(), None, None)


def main():
    if "--trace" in sys.argv:
        trace_the_parent()
    for attempt in ATTEMPTS:
        try:
            attempt()
            outcome = "SUCCEEDED"
        except OSError as error:
            outcome = error.strerror or str(error)
        print(f"{attempt.__name__.replace('_', ' '):20} {outcome}")


if __name__ == "__main__":
    main()
