"""Mend a statement after a mistake, by putting in what is missing or giving up the smallest part around it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import pairwise

from .lalr import Unexpected
from .tokens import BROKEN, CLOSERS, NEWLINE, OPENERS, RESERVED, STATEMENT_WORDS, WORD, Token

_NAMING = ("let", "param")
_VALUES = frozenset({WORD, "NUMBER", "STRING", "[", "{", "("})


def mended(error: Unexpected, tokens: list[Token]) -> list[Token] | None:
    """Put in the `=` or the separator that is missing, if that is plainly what is wrong."""
    index, accepted = error.index, error.accepted
    if index >= len(tokens):
        return None
    token = tokens[index]
    if index > 1 and tokens[index - 1].type == ":" and token.type in _VALUES - {WORD}:
        # `param lr: 3e-4`: what stands there is no type.
        return [*tokens[: index - 1], tokens[index - 1]._replace(type="=", text="="), *tokens[index:]]
    if ":" in accepted and token.type == WORD and starts_entry(tokens, index):
        return [*tokens[:index], Token(":", "", token.start, token.start), *tokens[index:]]
    sign = Token("=", "=", token.start, token.end)
    if "=" in accepted and token.type == ":":
        return [*tokens[:index], sign, *tokens[index + 1 :]]
    if "=" in accepted and "," not in accepted:
        if token.type == "COMPARE" and token.text == "==":
            return [*tokens[:index], sign, *tokens[index + 1 :]]
        if token.type in _VALUES:
            return [*tokens[:index], sign._replace(end=token.start), *tokens[index:]]
    if NEWLINE in accepted and starts_entry(tokens, index):
        return [*tokens[:index], Token(NEWLINE, "", token.start, token.start), *tokens[index:]]
    if "," in accepted and NEWLINE not in accepted and token.type in _VALUES:
        return [*tokens[:index], Token(",", "", token.start, token.start), *tokens[index:]]
    return None


def starts_entry(tokens: list[Token], index: int) -> bool:
    """Tell whether `key =` stands at an index."""
    following = tokens[index + 1].type if index + 1 < len(tokens) else ""
    return tokens[index].type in (WORD, "STRING") and following == "="


def unopened(error: Unexpected, tokens: list[Token], strays: list[Token]) -> int | None:
    """Give the index of a value that goes on as only one in brackets does, up to a bracket that closes nothing."""
    index = error.index
    if index >= len(tokens) or tokens[index].type not in (",", "=") or not strays:
        return None
    before = tokens[:index]
    inside = sum((token.type in OPENERS) - (token.type in CLOSERS) for token in before)
    first = max((n for n, token in enumerate(before) if token.type in ("=", "|>")), default=index) + 1
    if inside or first >= index or strays[0].start < tokens[index].start or strays[0].text[:1] == "}":
        return None
    return first


def given_up(tokens: list[Token], index: int) -> list[Token] | None:
    """Replace what is wrong at an index by BROKEN: an entry's value, an entry, or the statement's value.

    None if the whole statement must be given up.
    """
    start, end = _around(tokens, index)
    while start > 0 and [t.type for t in tokens[start:end]] in ([BROKEN], [NEWLINE]):
        # It has been given up already, so the bracket around it is what doesn't fit.
        start, end = _around(tokens, start - 1)
    keep = _prefix(tokens, start, end, whole=start == 0)
    if keep is not None and keep <= index:
        start = keep
    elif start == 0:
        return None
    at = tokens[start].start if start < len(tokens) else tokens[-1].end
    broken = Token(BROKEN, "", at, max(at, tokens[end - 1].end))
    result = [*tokens[:start], broken, *tokens[end:]]
    return result if len(result) != len(tokens) or result[start].type != tokens[start].type else None


def value_given_up(tokens: list[Token]) -> list[Token] | None:
    """Replace a statement's whole value by BROKEN; None if it has none."""
    keep = _prefix(tokens, 0, len(tokens), whole=True)
    if keep is None:
        return None
    return [*tokens[:keep], Token(BROKEN, "", tokens[keep - 1].end, tokens[-1].end)]


def _around(tokens: list[Token], index: int) -> tuple[int, int]:
    """Give the range of the innermost entry, item or statement that an index lies in."""
    before = tokens[: min(index, len(tokens))]
    # Outside of brackets only `use` has commas, and they are part of it.
    enclosed = sum((token.type in OPENERS) - (token.type in CLOSERS) for token in before) > 0
    separators = (NEWLINE, ",") if enclosed else (NEWLINE,)
    start = len(before) - _reach(reversed(before), CLOSERS, OPENERS, separators)
    return start, index + _reach(iter(tokens[index:]), OPENERS, CLOSERS, separators)


def _reach(tokens: Iterator[Token], into: Container[str], out: Container[str], separators: Container[str]) -> int:
    """Count the tokens up to a separator or the bracket around them; brackets among them are skipped as a whole."""
    depth = count = 0
    for token in tokens:
        if token.type in into:
            depth += 1
        elif token.type in out:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and token.type in separators:
            break
        count += 1
    return count


def _prefix(tokens: list[Token], start: int, end: int, whole: bool) -> int | None:
    """Give the index after the `=` of `key =`, or of a statement's `kind name =`; None if there is none."""
    if whole and start == 0:
        head = [token.type for token in tokens[:6]]
        if head[:3] == [WORD, WORD, "="]:
            return 3 if tokens[0].text not in ("experiment", "import", "use") else None
        if head[:5] == [WORD, WORD, ":", WORD, "="] and tokens[0].text == "param":
            return 5
        return None
    index = start
    while index < end and tokens[index].type in (WORD, "STRING", "."):
        index += 1
    return index + 1 if start < index < end and tokens[index].type == "=" else None


def lost_names(tokens: list[Token]) -> set[str]:
    """Give the names that a statement would have bound, as far as they can be read."""
    first = tokens[0]
    if first.type != WORD or len(tokens) == 1 or first.text in RESERVED:
        return set()
    if first.text in ("import", "use"):
        named = {after.text for before, after in pairwise(tokens) if before.text == "as"}
        distributions = {token.text for token in tokens if token.type == "DISTRIBUTION"}
        return named or {name.removeprefix("llx-").removeprefix("llx_") for name in distributions}
    if tokens[1].type == WORD:
        return {tokens[1].text}
    return {first.text} - STATEMENT_WORDS


def nameless(tokens: list[Token]) -> str | None:
    """Give the word before the `=` of a statement that may lack its name: `let`, or `stage` in `stage = train {`."""
    if [token.type for token in tokens[:2]] != [WORD, "="]:
        return None
    word = tokens[0].text
    makes = len(tokens) > 2 and tokens[2].type == WORD
    return word if word in _NAMING or (makes and word not in RESERVED | STATEMENT_WORDS) else None
