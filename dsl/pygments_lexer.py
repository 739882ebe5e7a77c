"""A Pygments lexer for llx: `pygmentize -l llx file.llx`, Sphinx, MkDocs, rich.

It colours what the language's own scanner found, so that it never lags behind the language.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)

from .highlight import Sort, pieces
from .source import Source

_TOKENS: dict[Sort, Any] = {
    Sort.COMMENT: Comment.Single,
    Sort.DOC: String.Doc,
    Sort.KEYWORD: Keyword,
    Sort.KIND: Keyword.Declaration,
    Sort.TYPE: Keyword.Type,
    Sort.DEFINITION: Name.Variable,
    Sort.KEY: Name.Attribute,
    Sort.COMPONENT: Name.Class,
    Sort.FUNCTION: Name.Builtin,
    Sort.NAME: Name,
    Sort.MEMBER: Name.Property,
    Sort.LITERAL: Keyword.Constant,
    Sort.NUMBER: Number,
    Sort.UNIT: Keyword.Type,
    Sort.STRING: String.Double,
    Sort.HOLE: String.Interpol,
    Sort.OPERATOR: Operator,
    Sort.PUNCTUATION: Punctuation,
    Sort.DISTRIBUTION: Name.Namespace,
    Sort.VERSION: Number,
    Sort.ERROR: Error,
}


class LlxLexer(Lexer):
    """Cuts a text of the language into Pygments' tokens."""

    name = "llx"
    aliases = ["llx"]  # noqa: RUF012
    filenames = ["*.llx"]  # noqa: RUF012
    mimetypes = ["text/x-llx"]  # noqa: RUF012
    url = ""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Give (offset, token, text); nothing of the text is left out."""
        at = 0
        for piece in pieces(Source("<text>", text)):
            if piece.start > at:
                yield at, _between(text[at : piece.start]), text[at : piece.start]
            start = max(at, piece.start)
            if piece.end > start:
                yield start, _TOKENS[piece.sort], text[start : piece.end]
                at = piece.end
        if at < len(text):
            yield at, _between(text[at:]), text[at:]


def _between(text: str) -> Any:
    return Whitespace if not text.strip() else Text
