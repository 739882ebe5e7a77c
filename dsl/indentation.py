"""Find the brace that really lacks its end, by how the lines are indented.

The end of an outer block closes an inner one that is still open, and the outer one then seems to lack its end. That
the lines were meant otherwise shows: the end stands as far out as the outer block's beginning. This is asked only
when a brace is missing; a file whose braces match may be indented as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .tokens import CLOSERS, NEWLINE, OPENERS, Token


class Unended(NamedTuple):
    """A block that was closed by the end of the one around it: where it begins, and where it was meant to end."""

    opener: int
    end: int


def unended(tokens: Sequence[Token], outer: int, text: str) -> Unended | None:
    """Find the block within an open one that took its end."""
    margin = _margin(text, tokens[outer].start)
    inside: list[int] = []
    for index in range(outer + 1, len(tokens)):
        token = tokens[index]
        if token.type in OPENERS:
            inside.append(index)
        elif token.type in CLOSERS and inside:
            opener = inside.pop()
            if inside or token.type != "}" or not _is_first(text, tokens[index - 1].end, token.start):
                continue
            if _margin(text, token.start) == margin < _margin(text, tokens[opener].start):
                end = _end(tokens, opener, index, text)
                return None if end is None else Unended(opener, end)
    return None


def _end(tokens: Sequence[Token], opener: int, closer: int, text: str) -> int | None:
    """Find the newline within a block before the first entry that stands no deeper than the block's beginning."""
    margin, depth = _margin(text, tokens[opener].start), 0
    for index in range(opener + 1, closer):
        depth += (tokens[index].type in OPENERS) - (tokens[index].type in CLOSERS)
        if depth == 0 and tokens[index].type == NEWLINE and _margin(text, tokens[index + 1].start) <= margin:
            return index
    # Nothing of the outer block follows.
    return closer


def _margin(text: str, at: int) -> int:
    """Give how far the line of an offset is indented."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return len(line) - len(line.lstrip(" \t"))


def _is_first(text: str, before: int, at: int) -> bool:
    """Tell whether nothing stands before an offset in its line; the last token ended at `before`."""
    _, newline, blank = text[before:at].rpartition("\n")
    return bool(newline) and not blank.strip(" \t")
