"""Tokens: the words and signs of a text, before the grammar has looked at them."""

from __future__ import annotations

from typing import NamedTuple

WORD = "WORD"
"""A word: what it is (a name, a key, a reserved word) depends on where it stands, so the parser decides."""
NEWLINE = "_NL"
JUNK = "JUNK"
"""Something that was reported already; the entry around it is given up without another word."""
STRAY = "STRAY"
"""A closing bracket that closes nothing."""
BROKEN = "BROKEN"
"""Where such an entry, or its value, was."""
END = "$END"

DEPTH = 100
"""How deep anything may be nested."""

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}

RESERVED = frozenset({"if", "then", "else", "and", "or", "not", "with", "true", "false", "none"})
"""Words that are no names where a value is expected."""
CONTINUING = RESERVED - {"true", "false", "none"}
"""Words after which a line may break."""
STATEMENT_WORDS = frozenset({"experiment", "import", "use", "param", "let", "expect"})
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")

OPERATORS: dict[str, str] = {
    **dict.fromkeys(COMPARISONS, "COMPARE"),
    **dict.fromkeys("+-", "ADD"),
    **dict.fromkeys("*/", "MULTIPLY"),
}
"""Signs that the grammar knows by a common name; the others go by themselves."""


class Token(NamedTuple):
    """A piece of the text; `start` and `end` are offsets in the source, `text` may be mended (NFC, look-alikes)."""

    type: str
    text: str
    start: int
    end: int
