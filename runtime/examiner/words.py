# Where each of evalrun's own programs begins, told by the file `words` beside its starter.
import posix
import sys


def read_file(path):
    """All of a small file, in fewer calls than an object of the library takes."""
    file = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        data = posix.read(file, posix.fstat(file).st_size + 1)
        while piece := posix.read(file, 65536):
            data += piece
        return data
    finally:
        posix.close(file)


def start():
    """Returns where there are no words."""
    try:
        words = read_file(sys.argv[0].rpartition("/")[0] + "/words")
    except FileNotFoundError:
        return
    main(words.decode("utf-8", "surrogateescape").split("\0"))
