"""A tokenizer from one regular expression with named groups; reads standard input."""

import re
import sys
from typing import NamedTuple

KEYWORDS = {"let", "print"}

TOKEN = re.compile(
    r"""
      (?P<number>  \d+ (?: \. \d+ )? )
    | (?P<string>  " (?: [^"\\] | \\. )* " )
    | (?P<name>    [^\W\d] \w* )
    | (?P<symbol>  [-+*/=()] )
    | (?P<skip>    \s+ | \#.* )
    | (?P<error>   . )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    line: int
    column: int
    kind: str
    text: str


def tokens(lines):
    for number, line in enumerate(lines, start=1):
        for match in TOKEN.finditer(line):
            kind = match.lastgroup
            if kind == "name" and match[0] in KEYWORDS:
                kind = "keyword"
            if kind != "skip":
                yield Token(number, match.start() + 1, kind, match[0])


def unquoted(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def main():
    for token in tokens(sys.stdin):
        shown = unquoted(token.text) if token.kind == "string" else token.text
        print(f"{token.line}:{token.column:<3} {token.kind:8} {shown}")


if __name__ == "__main__":
    main()
