REHEARSED = """
def rehearsed(numbers, text="", *more, **named):
    total = [one + 1 for one in numbers]
    if not total:
        raise ValueError("none")
    return {"sum": sum(total), "text": text.upper(), "pair": (total, 1.5, None, True)}
"""


class Unheard(Candidate):
    """A candidate whose answers go nowhere: a recorded process may have no descriptor of its own."""

    def write(self, message):
        pass


def rehearse():
    """Some questions before a snapshot is made: what Python makes of code that has run often is a part of it then."""
    candidate = Unheard("/nowhere/rehearsal.py", -1, -1)
    candidate.module = type(sys)("rehearsal")
    exec(compile(REHEARSED, candidate.source, "exec", dont_inherit=True), candidate.module.__dict__)
    for number in range(60):
        if number == 0:
            question = "load", ("rehearsed",)
        else:
            question = "call", Rehearsed(), ([] if number % 20 == 0 else [number, 7], "text"), {}
        writer = Writer(candidate)
        writer.put(question)
        candidate.buffer = writer.message(82, number)
        candidate.hear(*candidate.read())


class Rehearsed:
    """Stands for the handle that the candidate gave its function in the first answer."""


PUT[Rehearsed] = lambda w, value: w.parts.append(b"h" + U32.pack(1))


def main(words):
    run_candidate(words[0])
