"""Build the syntax tree as the parser reduces: one method for each production that means something."""

from __future__ import annotations

import unicodedata
from typing import Any

from .diagnostics.model import Text
from .literals import number, string
from .reports import Reports
from .scan import Docs
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

    # Statements

    def experiment_(self, span: Span, name: Token, block: Block | None = None) -> Experiment:
        block = block or Block(self.reports.span(span.end, span.end), ())
        return Experiment(span, self.segment(name), block, self.doc(span))

    def import_(self, span: Span, path: Token, alias: Token, block: Block | None = None) -> Import:
        read = self.string(self.reports.span(path.start, path.end), path)
        if not isinstance(read, String):
            read = String(read.span, ())
        return Import(span, read, self.segment(alias), block, self.doc(span))

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

    def pipe(self, span: Span, value: Expression, call: Call | Path | Broken) -> Pipe | Broken:
        return Broken(span) if isinstance(call, Broken) else Pipe(span, value, call)

    def with_(self, span: Span, base: Expression, block: Block) -> With:
        return With(span, base, block)

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

    def broken(self, span: Span, token: Token) -> Broken:
        return Broken(span)

    def group(self, span: Span, value: Expression) -> Expression:
        return value

    def list(self, span: Span, *items: Expression) -> List:
        return List(span, items)

    def call(self, span: Span, path: Path | Broken, *rest: Any) -> Call | Broken:
        if isinstance(path, Broken):
            return path
        arguments: tuple[Any, ...] = rest[0] if isinstance(rest[0], tuple) else ()
        block = rest[-1] if isinstance(rest[-1], Block) else None
        named = tuple(item for item in arguments if isinstance(item, Entry))
        positional = tuple(item for item in arguments if not isinstance(item, (Entry, Lost)))
        broken = any(isinstance(item, (Broken, Lost)) for item in arguments)
        return Call(span, path, positional, named, block, broken)

    def arguments(self, span: Span, *items: Expression | Entry) -> tuple[Expression | Entry, ...]:
        return items

    def path(self, span: Span, first: Token, *rest: Segment | None) -> Path | Broken:
        known = [segment for segment in rest if segment is not None]
        return Path(span, (self.segment(first), *known)) if len(known) == len(rest) else Broken(span)

    def step(self, span: Span, name: Token) -> Segment:
        return self.segment(name)

    def key(self, span: Span, token: Token) -> Segment | None:
        """Read a string that must be known as it stands; None if it isn't."""
        read = string(token, self.reports)
        if isinstance(read, Broken):
            return None
        parts = read.parts if isinstance(read, String) else ()
        if len(parts) != 1 or not isinstance(parts[0], str):
            self.reports.error("L0114", token.start, token.end)
            return None
        return Segment(read.span, unicodedata.normalize("NFC", parts[0]), True)

    def block(self, span: Span, *entries: Entry | Lost) -> Block:
        kept = tuple(entry for entry in entries if isinstance(entry, Entry))
        return Block(span, kept, broken=len(kept) < len(entries))

    def entry(self, span: Span, *parts: Any) -> Entry | Lost:
        *key, value = parts
        segments = [self.key(span, part) if part.type == "STRING" else self.segment(part) for part in key]
        if None in segments:
            return Lost()
        return Entry(span, tuple(segment for segment in segments if segment), value, self.doc(span))

    def lost_entry(self, span: Span, token: Token) -> Lost:
        return Lost()

    # Pieces

    def segment(self, token: Token) -> Segment:
        return Segment(self.reports.span(token.start, token.end), token.text)

    def doc(self, span: Span) -> str:
        """Take the doc comment above something, after a brace that it opens, or after it on its line."""
        above = self.docs.above.pop(span.start, "")
        after = self.docs.after.pop(span.end, "")
        opening = self.docs.opening.pop(span.start, "")
        return "\n".join(text for text in (above, opening, after) if text)
