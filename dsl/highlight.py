"""What each piece of a text is, for those who colour it: by syntax alone, whatever is wrong with the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from .functions import FUNCTIONS, READS_ENVIRONMENT
from .record import Record
from .reports import Reports
from .scan import PATH, scan
from .source import Source
from .tokens import CLOSERS, JUNK, NEWLINE, OPENERS, RESERVED, STATEMENT_WORDS, STRAY, WORD, Token

_HOLE = re.compile(rf"\$\{{[ \t]*+{PATH}[ \t]*+\}}")
_UNIT = re.compile(r"[^\W\d]\w*$")
_LITERALS = frozenset({"true", "false", "none"})
_SIGNS = {"COMPARE", "ADD", "MULTIPLY", "=", "|>"}


class Sort(StrEnum):
    """What a piece is."""

    COMMENT = "comment"
    DOC = "doc"
    KEYWORD = "keyword"
    KIND = "kind"
    TYPE = "type"
    DEFINITION = "definition"
    KEY = "key"
    COMPONENT = "component"
    FUNCTION = "function"
    NAME = "name"
    """A bare name: of the file, a component, or a word; the checker knows."""
    MEMBER = "member"
    """What stands behind a dot."""
    LITERAL = "literal"
    NUMBER = "number"
    UNIT = "unit"
    STRING = "string"
    HOLE = "hole"
    """`${path}` in a string, its braces included."""
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    DISTRIBUTION = "distribution"
    VERSION = "version"
    ERROR = "error"


class Piece(Record):
    """A piece of a text; what lies between pieces is blank."""

    start: int
    end: int
    sort: Sort


def pieces(source: Source) -> list[Piece]:
    """Cut a text into pieces, in their order."""
    scanned = scan(source, Reports(source))
    found = [
        Piece(comment.span.start, comment.span.end, Sort.DOC if comment.is_doc else Sort.COMMENT)
        for comment in scanned.comments
    ]
    for tokens in scanned.statements:
        found += _statement(tokens, source.text)
    return sorted(found, key=lambda piece: piece.start)


def _statement(tokens: list[Token], text: str) -> Iterator[Piece]:
    opened: list[str] = []
    for n, token in enumerate(tokens):
        if token.start == token.end or token.type == NEWLINE:
            continue
        if token.type in OPENERS:
            opened.append(token.type)
        elif token.type in CLOSERS and opened:
            opened.pop()
        if token.type == "NUMBER":
            yield from _number(token, text)
        elif token.type == "STRING":
            yield from _string(token, text)
        else:
            yield Piece(token.start, token.end, _sort(tokens, n, opened[-1] if opened else ""))


def _sort(tokens: list[Token], n: int, opener: str) -> Sort:
    token = tokens[n]
    match token.type:
        case "WORD":
            return _word(tokens, n, opener)
        case "DISTRIBUTION":
            return Sort.DISTRIBUTION
        case "VERSION":
            return Sort.VERSION
    if token.type in (JUNK, STRAY):
        return Sort.ERROR
    return Sort.OPERATOR if token.type in _SIGNS else Sort.PUNCTUATION


def _word(tokens: list[Token], n: int, opener: str) -> Sort:
    """Tell what a word is by where it stands."""
    text = tokens[n].text
    before = tokens[n - 1].type if n else ""
    after = tokens[n + 1].type if n + 1 < len(tokens) else ""
    if n == 0:
        followed = after in (WORD, "STRING", "DISTRIBUTION", "") or text in STATEMENT_WORDS
        return (Sort.KEYWORD if text in STATEMENT_WORDS else Sort.KIND) if followed else Sort.NAME
    if n == 1 and before == WORD:
        return Sort.DEFINITION
    if text == "as" and tokens[0].text in ("import", "use") and before in ("STRING", "DISTRIBUTION", "VERSION"):
        return Sort.KEYWORD
    if before == WORD and tokens[n - 1].text == "as" and tokens[0].text in ("import", "use"):
        return Sort.DEFINITION
    if before == ":" and tokens[0].text == "param":
        return Sort.TYPE
    starts_entry = opener == "{" and before in ("{", ",", NEWLINE)
    if (starts_entry and after in ("=", ".", ":")) or (opener == "(" and after == "="):
        return Sort.KEY
    if before == ".":
        return Sort.COMPONENT if _is_called(tokens, n) else Sort.KEY if _in_key(tokens, n, opener) else Sort.MEMBER
    if text in RESERVED:
        return Sort.LITERAL if text in _LITERALS else Sort.KEYWORD
    if _is_called(tokens, n):
        is_function = text in (*FUNCTIONS, READS_ENVIRONMENT) and after == "("
        return Sort.FUNCTION if is_function else Sort.COMPONENT
    return Sort.NAME


def _is_called(tokens: list[Token], n: int) -> bool:
    """Tell whether a word belongs to a path that is called: `focal.loss {`, `|> clean`."""
    after, first = n + 1, n
    while after + 1 < len(tokens) and tokens[after].type == "." and tokens[after + 1].type == WORD:
        after += 2
    while first > 1 and tokens[first - 1].type == "." and tokens[first - 2].type == WORD:
        first -= 2
    return (after < len(tokens) and tokens[after].type in ("(", "{")) or (first > 0 and tokens[first - 1].type == "|>")


def _in_key(tokens: list[Token], n: int, opener: str) -> bool:
    """Tell whether a word behind a dot belongs to a key: `optimizer.lr = …`."""
    first = n
    while first > 1 and tokens[first - 1].type == "." and tokens[first - 2].type == WORD:
        first -= 2
    return opener == "{" and first > 0 and tokens[first - 1].type in ("{", ",", NEWLINE)


def _number(token: Token, text: str) -> Iterator[Piece]:
    written = text[token.start : token.end]
    unit = _UNIT.search(written) if any(blank in written for blank in " \t\u3000\u00a0") else None
    end = token.start + len(written[: unit.start()].rstrip()) if unit else token.end
    yield Piece(token.start, end, Sort.NUMBER)
    if unit:
        yield Piece(token.start + unit.start(), token.end, Sort.UNIT)


def _string(token: Token, text: str) -> Iterator[Piece]:
    at = token.start
    for hole in _HOLE.finditer(text, token.start, token.end):
        if hole.start() > at:
            yield Piece(at, hole.start(), Sort.STRING)
        yield Piece(hole.start(), hole.end(), Sort.HOLE)
        at = hole.end()
    if at < token.end:
        yield Piece(at, token.end, Sort.STRING)
