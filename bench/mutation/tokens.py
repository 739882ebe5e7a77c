"""Cut a text of the language into tokens, by regular expressions."""

from __future__ import annotations

import re
from typing import NamedTuple

UNITS = {
    "steps": ("step", "steps"),
    "epochs": ("epoch", "epochs"),
    "examples": ("example", "examples"),
    "tokens": ("token", "tokens"),
    "time": ("s", "min", "h", "d"),
    "memory": ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"),
    "energy": ("J", "Wh", "kWh"),
    "power": ("W",),
}
ALL_UNITS = frozenset(unit for units in UNITS.values() for unit in units)

OPEN = {"(": ")", "[": "]", "{": "}"}

_PATTERN = re.compile(
    r"""
      (?P<comment> \#[^\n]*)
    | (?P<string> \"\"\" (?:\\.|(?!\"\"\").)* \"\"\" | " (?:\\.|\$\{[^}\n]*\}|[^"\\\n])* ")
    | (?P<number> \d[\d_]* (?:\.\d+)* (?:[eE][+-]?\d+)? (?:%|[A-Za-z]\w*)?)
    | (?P<name> [^\W\d]\w*)
    | (?P<newline> \n)
    | (?P<bracket> [()\[\]{}])
    | (?P<op> \|>|==|!=|<=|>=|~=|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a text: its sort (string, number, name, newline, bracket, op), itself, and where it stands."""

    sort: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens(text: str) -> list[Token]:
    """Give the tokens of a text, without blanks and comments; a newline right inside `( )` and `[ ]` is a blank."""
    found: list[Token] = []
    inside: list[str] = []
    for match in _PATTERN.finditer(text):
        sort, piece = str(match.lastgroup), match.group()
        if sort == "comment" or (piece.isspace() and (sort != "newline" or (inside and inside[-1] in "(["))):
            continue
        if piece in OPEN:
            inside.append(piece)
        elif sort == "bracket" and inside:
            inside.pop()
        found.append(Token(sort, piece, match.start()))
    return found
