# Tests that live in one process with the submission. The submission can do here whatever the tests can; the record's
# last line needs a token, which a run that ends early does not write. That is all that this keeps from it.


class OneProcess:
    """For the runner."""

    def begin(self):
        pass

    def why_over(self):
        return ""

    def why_failed(self, error):
        return "", ""

    def name_of(self, error):
        return type(error).__name__


def load_submission(source):
    stem = source.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "submission"
    module = type(sys)(stem)
    module.__file__ = source
    sys.modules[stem] = module
    sys.modules.setdefault("submission", module)
    exec(compile(read_file(source), source, "exec", dont_inherit=True), module.__dict__)
    return module


def run_in_process(tests, source, entry):
    token = b""
    while piece := posix.read(0, 4096):
        token += piece
    record_to = posix.dup(1)
    null = posix.open("/dev/null", posix.O_RDONLY)
    posix.dup2(null, 0)
    posix.dup2(2, 1)
    posix.close(null)
    sys.path[0] = source.rpartition("/")[0] or "/"
    sys.argv = [source]
    record = Record(record_to)
    text = read_file(tests).decode("utf-8", "replace")
    try:
        tree = compile(text, "tests.py", "exec", ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        record.line("fault", "the test file cannot be compiled: %s" % error)
        posix._exit(70)
    try:
        module = load_submission(source)
        missing = [name for name in entry if not hasattr(module, name)]
        if missing:
            record.test("load", "load", "the submission has no %s" % ", ".join(missing))
    except BaseException as error:
        record.test("load", "load", "%s: %s" % (type(error).__name__, str(error)[:300]))
        missing = entry or ("",)
    if not missing:
        runner = Runner(record, text, tree, OneProcess(), (lambda: getattr(module, entry[0])) if entry else None)
        for name in entry:
            runner.names[name] = getattr(module, name)
        runner.run_file()
    record.end(token.decode("ascii"))
    posix._exit(0)


def main(words):
    tests, source, *entry = words
    run_in_process(tests, source, tuple(entry))
