"""Lay a text out at random: other blanks, line breaks, separators and comments, and the same meaning."""

from __future__ import annotations

import random

from llx.dsl.reports import Reports
from llx.dsl.scan import scan
from llx.dsl.source import Source
from llx.dsl.tokens import CONTINUING, NEWLINE, OPENERS, Token

BLANKS = ["", " ", " ", "  ", "\t"]
COMMENTS = ["# plain", "## doc", "#", "#x", "###", "##two  blanks ", "#! odd", "# 小説 “x” ＝ "]


def loosened(text: str, seed: int, newline: str = "\n") -> str:
    """Lay out a text without mistakes anew."""
    chance = random.Random(seed)
    source = Source("text", text)
    statements = scan(source, Reports(source)).statements
    pieces = [_gap(chance, 0.3, lines=True)]
    for tokens in statements:
        pieces += [_statement(tokens, chance), _gap(chance, 0.3, lines=True, end=True)]
    return "".join(pieces).replace("\n", newline)


def _statement(tokens: list[Token], chance: random.Random) -> str:
    often = chance.choice([0.0, 0.05, 0.3, 0.8])
    pieces: list[str] = []
    open_: list[str] = []
    for n, token in enumerate(tokens):
        before = tokens[n - 1] if n else None
        if before is not None:
            pieces.append(_between(before, token, open_, chance, often, tokens, n))
        if token.type in OPENERS:
            open_.append(token.type)
        elif open_ and token.type == OPENERS[open_[-1]]:
            open_.pop()
        pieces.append(_separator(chance, often) if _separates(token, open_) else token.text)
    return "".join(pieces)


def _separates(token: Token, open_: list[str]) -> bool:
    return bool(open_) and open_[-1] == "{" and token.type in (",", NEWLINE)


def _separator(chance: random.Random, often: float) -> str:
    """Write what separates two entries."""
    if chance.random() > often:
        return ", "
    return chance.choice([",", ""]) + _gap(chance, 0.5, lines=True, end=True)


def _between(
    before: Token, token: Token, open_: list[str], chance: random.Random, often: float, tokens: list[Token], n: int
) -> str:
    """Write what stands between two tokens."""
    if _separates(before, open_) or _separates(token, open_):
        return ""
    is_key = n > 1 and (tokens[n - 2].type in (".", NEWLINE, ",", "{", "(") or token.type == "=" or n < 3)
    after = before.type in ("=", "|>", "COMPARE", "ADD", "MULTIPLY") or (before.text in CONTINUING and not is_key)
    free = bool(open_) and open_[-1] != "{"
    edge = before.type in OPENERS or token.type == "|>" or (token.type == "}" and bool(open_))
    if (after or free or edge) and chance.random() < often:
        return _gap(chance, 0.5, lines=True)
    tight = token.text[0] in "()[]{},:=" or before.text[-1] in "([{,:="
    return chance.choice(BLANKS if tight else BLANKS[1:])


def _gap(chance: random.Random, often: float, lines: bool, end: bool = False) -> str:
    """Write some blank lines and comments; at least one newline if something has to `end`."""
    pieces = [chance.choice(BLANKS)]
    if chance.random() < often:
        pieces.append(chance.choice(COMMENTS) + "\n")
    elif end:
        pieces.append("\n")
    while lines and chance.random() < often:
        pieces.append(chance.choice([*BLANKS, "\n", "\n\n\n", "  " + chance.choice(COMMENTS) + "\n"]))
        if pieces[-1].strip(" \t") == "":
            pieces.append("\n")
    return "".join(pieces) + ("  " if not end else "")
