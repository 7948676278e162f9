#!/usr/bin/env python3
"""Packs a tree into a wheel, without any tool of Python's packaging: make_wheel.py TREE FOLDER. Prints its name.

The wheel's tag says which C library the shared object needs: the youngest version of glibc that one of its symbols
has. It is refused if the object needs another library than the C library's own.
"""

import base64
import hashlib
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

OF_THE_C_LIBRARY = re.compile(r"lib(c|m|pthread|dl|rt)\.so\.\d+|ld-linux[^ ]*\.so\.\d+")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same tree makes the same wheel


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def platform_tag(library: Path) -> str:
    needed = re.findall(r"NEEDED +(\S+)", said("objdump", "-p", str(library)))
    strange = [name for name in needed if not OF_THE_C_LIBRARY.fullmatch(name)]
    if strange:
        sys.exit(f"make_wheel: {library} needs {', '.join(strange)}, which a host need not have")
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", said("objdump", "-T", str(library)))
    major, minor = max((int(major), int(minor)) for major, minor in versions)
    return f"manylinux_{major}_{minor}_{platform.machine()}"


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def main(tree: Path, folder: Path) -> None:
    (info,) = tree.glob("*.dist-info")
    tag = f"py3-none-{platform_tag(tree / 'evalrun' / 'libevalrun.so.1')}"
    contents = {
        str(file.relative_to(tree)): file.read_bytes()
        for file in sorted(tree.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    contents[f"{info.name}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: evalrun\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    )
    record = [f"{name},{digest(content)},{len(content)}" for name, content in contents.items()]
    contents[f"{info.name}/RECORD"] = "\n".join([*record, f"{info.name}/RECORD,,\n"]).encode()
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    print(wheel)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_wheel.py TREE FOLDER")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
