"""Greets the names on standard input, then looks around."""

import os
import platform
import sys


def main():
    for name in sys.stdin:
        print(f"Hello, {name.strip()}!")

    processes = [entry for entry in os.listdir("/proc") if entry.isdecimal()]
    print(f"This is Python {platform.python_version()} on host {platform.node()!r}.")
    print(f"User {os.getuid()}, process {os.getpid()}; processes in sight: {len(processes)}.")
    print(f"In {os.getcwd()}: {', '.join(sorted(os.listdir()))}")
    print(f"In /: {', '.join(sorted(os.listdir('/')))}")
    print(f"The environment: {', '.join(sorted(os.environ))}")


if __name__ == "__main__":
    main()
