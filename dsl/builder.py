"""Build the syntax tree as the parser reduces: one method for each production that means something."""

from __future__ import annotations

import unicodedata
from typing import Any

from .diagnostics.model import Text
from .literals import number, string
from .reports import Reports
from .scan import DEPTH, Docs
from .source import Span
from .syntax import (
    Binary,
    Block,
    Broken,
    Call,
    Conditional,
    Declaration,
    Entry,
    Expect,
    Experiment,
    Expression,
    Import,
    Let,
    List,
    Literal,
    Param,
    Path,
    Pipe,
    Requirement,
    Segment,
    String,
    Unary,
    Use,
    With,
)
from .tokens import Token

NESTING = frozenset(
    {"list", "block", "arguments", "group", "sign", "not_", "or_", "and_", "binary", "conditional", "pipe", "with_"}
)
"""Productions that make the tree one level deeper."""


class Lost:
    """An entry that was given up."""


class Builder:
    """Makes nodes; `method(span, *values)` is called with what the grammar keeps of a production."""

    def __init__(self, reports: Reports, docs: Docs) -> None:
        self.reports = reports
        self.docs = docs

    def too_deep(self, span: Span) -> Broken:
        self.reports.error("L0109", span.start, span.start + 1, limit=DEPTH)
        return Broken(span)

    # Statements

    def experiment_(self, span: Span, name: Token, block: Block | Broken | None = None) -> Experiment:
        if not isinstance(block, Block):
            block = Block(self.reports.span(span.end, span.end), (), broken=block is not None)
        return Experiment(span, self.segment(name), block, self.doc(span))

    def import_(self, span: Span, path: Token, alias: Token, block: Block | Broken | None = None) -> Import:
        read = self.string(self.reports.span(path.start, path.end), path)
        if not isinstance(read, String):
            read = String(read.span, ())
        if isinstance(block, Broken):
            block = Block(block.span, (), broken=True)
        return Import(span, read, self.segment(alias), block)

    def use_(self, span: Span, distribution: Token, *rest: Requirement | Token) -> Use:
        requirements = tuple(item for item in rest if isinstance(item, Requirement))
        alias = next((self.segment(item) for item in rest if isinstance(item, Token)), None)
        return Use(span, self.segment(distribution), requirements, alias)

    def requirement(self, span: Span, operator: Token, version: Token) -> Requirement:
        return Requirement(span, operator.text, version.text)

    def param_(self, span: Span, name: Token, *rest: Any) -> Param:
        type_ = self.segment(rest[0]) if len(rest) > 1 else None
        return Param(span, self.segment(name), type_, rest[-1], self.doc(span))

    def let_(self, span: Span, name: Token, value: Expression) -> Let:
        return Let(span, self.segment(name), value, self.doc(span))

    def expect_(self, span: Span, name: Token, value: Expression) -> Expect:
        return Expect(span, self.segment(name), value, self.doc(span))

    def declaration(self, span: Span, kind: Token, name: Token, value: Expression) -> Declaration:
        return Declaration(span, self.segment(kind), self.segment(name), value, self.doc(span))

    # Expressions

    def conditional(self, span: Span, condition: Expression, then: Expression, otherwise: Expression) -> Conditional:
        return Conditional(span, condition, then, otherwise)

    def pipe(self, span: Span, value: Expression, call: Call | Path) -> Pipe:
        return Pipe(span, value, call)

    def with_(self, span: Span, base: Expression, block: Block | Broken) -> Expression:
        return With(span, base, block) if isinstance(block, Block) else Broken(span)

    def or_(self, span: Span, left: Expression, right: Expression) -> Binary:
        return Binary(span, "or", left, right)

    def and_(self, span: Span, left: Expression, right: Expression) -> Binary:
        return Binary(span, "and", left, right)

    def not_(self, span: Span, operand: Expression) -> Unary:
        return Unary(span, "not", operand)

    def comparison(self, span: Span, left: Expression, operator: Token, right: Expression, *more: Any) -> Expression:
        if more:
            second: Token = more[0]
            self.reports.error("L0113", second.start, second.end, helps=(Text("L0113.help"),))
            return Broken(span)
        return Binary(span, operator.text, left, right)

    def binary(self, span: Span, left: Expression, operator: Token, right: Expression) -> Binary:
        return Binary(span, operator.text, left, right)

    def sign(self, span: Span, operator: Token, operand: Expression) -> Unary:
        return Unary(span, operator.text, operand)

    def number(self, span: Span, token: Token) -> Expression:
        return number(token, self.reports)

    def string(self, span: Span, token: Token) -> Expression:
        return string(token, self.reports)

    def true(self, span: Span) -> Literal:
        return Literal(span, True)

    def false(self, span: Span) -> Literal:
        return Literal(span, False)

    def none(self, span: Span) -> Literal:
        return Literal(span, None)

    def broken(self, span: Span, token: Token | None = None) -> Broken:
        return Broken(span)

    def group(self, span: Span, value: Expression) -> Expression:
        return value

    def list(self, span: Span, *items: Expression) -> List:
        return List(span, items)

    def call(self, span: Span, path: Path, *rest: Any) -> Call:
        arguments: tuple[Any, ...] = rest[0] if isinstance(rest[0], tuple) else ()
        block = rest[-1] if isinstance(rest[-1], Block) else None
        named = tuple(item for item in arguments if isinstance(item, Entry))
        positional = tuple(item for item in arguments if not isinstance(item, Entry))
        broken = any(isinstance(item, Broken) for item in positional)
        if isinstance(rest[-1], Broken):
            broken = True
        return Call(span, path, positional, named, block, broken)

    def arguments(self, span: Span, *items: Expression | Entry) -> tuple[Expression | Entry, ...]:
        return items

    def path(self, span: Span, first: Token, *rest: Segment) -> Path:
        return Path(span, (self.segment(first), *rest))

    def step(self, span: Span, name: Token) -> Segment:
        return self.segment(name)

    def key(self, span: Span, token: Token) -> Segment:
        return self.text_segment(token, is_key=True)

    def block(self, span: Span, *entries: Entry | Lost) -> Block:
        kept = tuple(entry for entry in entries if isinstance(entry, Entry))
        return Block(span, kept, broken=len(kept) < len(entries))

    def entry(self, span: Span, *parts: Any) -> Entry:
        *key, value = parts
        segments = tuple(
            self.text_segment(part, is_key=True) if part.type == "STRING" else self.segment(part) for part in key
        )
        return Entry(span, segments, value, self.doc(span))

    def lost_entry(self, span: Span, token: Token) -> Lost:
        return Lost()

    # Pieces

    def segment(self, token: Token) -> Segment:
        return Segment(self.reports.span(token.start, token.end), token.text)

    def text_segment(self, token: Token, is_key: bool) -> Segment:
        """Read a string that must be known as it stands."""
        span = self.reports.span(token.start, token.end)
        read = string(token, self.reports)
        if isinstance(read, String) and len(read.parts) == 1 and isinstance(read.parts[0], str):
            return Segment(span, unicodedata.normalize("NFC", read.parts[0]), is_key)
        if isinstance(read, String):
            self.reports.error("L0114", token.start, token.end)
        return Segment(span, token.text, is_key)

    def doc(self, span: Span) -> str:
        """Take the doc comment above something, or after it on its line."""
        above = self.docs.above.pop(span.start, "")
        after = self.docs.after.pop(span.end, "")
        line_start = span.source.line_starts[span.line - 1] if self.docs.opening else -1
        opening = self.docs.opening.pop(line_start, "")
        return "\n".join(text for text in (above, opening, after) if text)
