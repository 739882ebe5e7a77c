"""Semantic tokens: the pieces of a text, with names told apart by what they stand for."""

from __future__ import annotations

from lsprotocol import types

from .. import syntax
from ..highlight import Piece, Sort, pieces
from .analysis import Analysis
from .positions import Positions
from .walk import walk

TYPES = (
    "keyword",
    "type",
    "class",
    "function",
    "variable",
    "parameter",
    "property",
    "enumMember",
    "string",
    "number",
    "operator",
    "comment",
    "namespace",
)
MODIFIERS = ("declaration", "readonly", "documentation")
LEGEND = types.SemanticTokensLegend(token_types=list(TYPES), token_modifiers=list(MODIFIERS))

Token = tuple[str, frozenset[str]]
_PLAIN: frozenset[str] = frozenset()
_READONLY = frozenset({"readonly"})

_TOKENS: dict[Sort, Token] = {
    Sort.COMMENT: ("comment", _PLAIN),
    Sort.DOC: ("comment", frozenset({"documentation"})),
    Sort.KEYWORD: ("keyword", _PLAIN),
    Sort.KIND: ("keyword", _PLAIN),
    Sort.TYPE: ("type", _PLAIN),
    Sort.DEFINITION: ("variable", frozenset({"declaration"})),
    Sort.KEY: ("property", _PLAIN),
    Sort.COMPONENT: ("class", _PLAIN),
    Sort.FUNCTION: ("function", _PLAIN),
    Sort.NAME: ("variable", _PLAIN),
    Sort.MEMBER: ("property", _PLAIN),
    Sort.LITERAL: ("keyword", _PLAIN),
    Sort.NUMBER: ("number", _PLAIN),
    Sort.UNIT: ("type", _PLAIN),
    Sort.STRING: ("string", _PLAIN),
    Sort.HOLE: ("variable", _PLAIN),
    Sort.OPERATOR: ("operator", _PLAIN),
    Sort.DISTRIBUTION: ("namespace", _PLAIN),
    Sort.VERSION: ("number", _PLAIN),
}


def semantic_tokens(
    analysis: Analysis, positions: Positions, within: tuple[int, int] | None = None
) -> types.SemanticTokens:
    """Give the tokens of a text, or of a range of it, as the protocol encodes them."""
    meanings = _meanings(analysis)
    data: list[int] = []
    last = types.Position(0, 0)
    for piece in pieces(analysis.source):
        token = meanings.get(piece.start) or _TOKENS.get(piece.sort)
        if token is None or (within is not None and not (piece.start < within[1] and within[0] < piece.end)):
            continue
        for start, end in _lines(piece, analysis.source.text):
            at = positions.position(start)
            column = at.character - last.character if at.line == last.line else at.character
            kind, modifiers = token
            bits = sum(1 << MODIFIERS.index(modifier) for modifier in modifiers)
            data += [at.line - last.line, column, positions.units(start, end), TYPES.index(kind), bits]
            last = at
    return types.SemanticTokens(data=data)


def _lines(piece: Piece, text: str) -> list[tuple[int, int]]:
    """Cut a piece at the ends of lines: a token may not go over one."""
    found, start = [], piece.start
    for line in text[piece.start : piece.end].split("\n"):
        end = start + len(line)
        shown = start + len(line.rstrip("\r"))
        if shown > start:
            found.append((start, shown))
        start = end + 1
    return found


def _meanings(analysis: Analysis) -> dict[int, Token]:
    """Give what names stand for, by the offsets at which they begin."""
    found: dict[int, Token] = {}
    for node in walk(analysis.tree):
        match node:
            case syntax.Param(name=name):
                found[name.span.start] = ("parameter", frozenset({"declaration"}))
            case syntax.Let(name=name):
                found[name.span.start] = ("variable", frozenset({"declaration", "readonly"}))
            case syntax.Path() | syntax.Entry():
                path = node if isinstance(node, syntax.Path) else analysis.observer.name(node)
                token = _path(analysis, path) if path is not None else None
                if path is not None and token is not None:
                    found[path.segments[0].span.start] = token
    return found


def _path(analysis: Analysis, path: syntax.Path) -> Token | None:
    meaning = analysis.observer.meaning(path)
    if isinstance(meaning, str):
        return "enumMember", _PLAIN
    if analysis.component(path) is not None:
        return "class", _PLAIN
    binding = analysis.bindings.get(path.segments[0].name)
    if binding is None:
        return None
    match binding.statement:
        case syntax.Import():
            return "namespace", _PLAIN
        case syntax.Param():
            return "parameter", _PLAIN
        case syntax.Let():
            return "variable", _READONLY
    return None
