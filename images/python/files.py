"""Files in /work: a package to import, CSV, folders, temporary files, compression, checksums."""

import gzip
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from inventory import Store


def main():
    store = Store("inventory.csv")
    store.add("bolt", 40)
    store.add("nut, hexagonal", 25)
    store.save()
    store = Store("inventory.csv")
    store.add("bolt", 2)
    store.save()
    print(Path("inventory.csv").read_text(), end="")

    tree = Path("tree")
    for n in range(20):
        leaf = tree / f"{n % 3}" / f"{n % 2}" / f"leaf-{n:02}.txt"
        leaf.parent.mkdir(parents=True, exist_ok=True)
        leaf.write_text(f"leaf {n}\n" * n)
    (tree / "link").symlink_to("0/1")
    leaves = sorted(tree.rglob("leaf-*.txt"))
    print(len(leaves), "leaves,", sum(leaf.stat().st_size for leaf in leaves), "bytes")
    print("through the link:", sorted(os.listdir(tree / "link")))
    digest = hashlib.sha256()
    for leaf in leaves:
        digest.update(leaf.read_bytes())
    print("sha256:", digest.hexdigest())

    with tempfile.NamedTemporaryFile() as temporary:
        with gzip.open(temporary.name, "wb") as packed:
            packed.write(b"evaluate " * 10_000)
        with gzip.open(temporary.name, "rb") as packed:
            print("unpacked:", len(packed.read()), "bytes, packed in", tempfile.gettempdir())

    shutil.rmtree(tree)
    print("left:", sorted(name for name in os.listdir() if not name.endswith(".py")))


if __name__ == "__main__":
    main()
