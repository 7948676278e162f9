# Which assertions of the tests an exception has kept from being made. Where the submission swallows the exception, in a
# context manager of its own or around a function that it was given, those assertions count as failed.


def is_assertion(node):
    kind = type(node).__name__
    if kind == "Assert":
        return not (type(node.test).__name__ == "Constant" and not node.test.value)
    if kind in ("With", "AsyncWith"):
        return any(starts_assertion(item.context_expr) for item in node.items)
    return kind == "Expr" and starts_assertion(node.value)


def starts_assertion(call):
    """Whether it is self.assert...() or pytest.raises()."""
    function = getattr(call, "func", None)
    name = getattr(function, "attr", getattr(function, "id", ""))
    return type(call).__name__ == "Call" and (name.startswith("assert") or name == "raises")


class LeftOut:
    def __init__(self, source):
        self.statements, waiting = [], [compile(source, "tests.py", "exec", ONLY_AST, dont_inherit=True)]
        while waiting:
            node = waiting.pop()
            found = list(NodeTools.statements(node))
            waiting.extend(found)
            self.statements.extend(one for one in found if hasattr(one, "lineno"))

    def by(self, trace, with_line=None):
        """The line of an assertion that what has this traceback left out, or 0. `with_line`: where the outermost of its
        frames has the with statement that ends; else the frame's whole function has ended."""
        frames = []
        while trace is not None:
            innermost = trace
            if trace.tb_frame.f_code.co_filename == "tests.py":
                frames.append((trace.tb_frame.f_code, trace.tb_lineno))
            trace = trace.tb_next
        if not frames:
            return 0
        is_own = innermost.tb_frame.f_code.co_filename == "tests.py"
        if is_own and any(type(one).__name__ == "Raise" and covers(one, innermost.tb_lineno) for one in self.statements):
            return 0  # the tests' own word
        for i, (code, line) in enumerate(frames):
            block = self.with_at(with_line, line) if i == 0 and with_line else self.function_of(code)
            if found := self.after(block, line):
                return found
        return 0

    def with_at(self, with_line, line):
        found = [one for one in self.statements if type(one).__name__ in ("With", "AsyncWith") and covers(one, line)]
        headed = [one for one in found if one.lineno <= with_line <= one.body[0].lineno]
        return min(headed or found, key=lambda one: one.end_lineno - one.lineno if headed else one.lineno, default=None)

    def function_of(self, code):
        for one in self.statements:
            if type(one).__name__ in ("FunctionDef", "AsyncFunctionDef"):
                if min(each.lineno for each in (one, *one.decorator_list)) == code.co_firstlineno:
                    return one
        return None

    def after(self, block, line):
        """An assertion in the block that comes after the line, or with it in a loop; none: anywhere in the file."""
        inside = [one for one in self.statements if one is not block and (block is None or within(one, block))]
        first = min((one.lineno for one in inside if type(one).__name__ in ("For", "AsyncFor", "While") and covers(one, line)),
                    default=line)  # fmt: skip
        lines = [one.end_lineno if one.end_lineno < line else one.lineno for one in inside
                 if is_assertion(one) and one.end_lineno >= min(first, line)]  # fmt: skip
        return min(lines, default=0)


def covers(node, line):
    return node.lineno <= line <= node.end_lineno


def within(node, block):
    return block.lineno <= node.lineno and node.end_lineno <= block.end_lineno
