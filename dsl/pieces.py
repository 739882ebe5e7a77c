"""Parse a text again after an edit: what was parsed of statements whose text hasn't changed is used again.

A text is cut where statements seem to begin. A piece in which nothing was found wrong, and after which no statement
was under way, is read the same wherever it stands, for nothing before or after it has a say in that: it is kept by
its text, and its nodes are moved to where it stands now. Everything else is read anew, in its place.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TypeVar

from .builder import Builder
from .diagnostics.model import Diagnostic
from .lalr import Driver
from .openings import LOOKS
from .parser import parse, parse_statements
from .record import Record
from .reports import Reports
from .scan import Scanner
from .source import Source, Span
from .statements import heads
from .syntax import Comment, Node, Statement, SyntaxTree


class Piece(Record, eq=False):
    """The statements and comments of a piece of a text, and the offset at which they were read."""

    start: int
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    looks: int
    """How often its brackets were counted, which is done so often in a file and no more."""


class Pieces:
    """What was parsed of some files, for the next time."""

    def __init__(self) -> None:
        self._kept: dict[Path | str, dict[str, Piece]] = {}
        """By the file, and the piece's text."""

    def parse(self, source: Source) -> tuple[SyntaxTree, list[Diagnostic]]:
        """Parse a file, as `parser.parse` does."""
        file = source.path or source.name
        again = _Again(source, self._kept.get(file, {}))
        if not again.run():
            # So many mistakes end the reading before the end of the text.
            return parse(source)
        self._kept[file] = again.kept
        headless = again.scanner.statements.headless
        statements, comments = tuple(again.statements), tuple(again.comments)
        tree = SyntaxTree(source, statements, comments, frozenset(again.lost), headless, frozenset(again.nameless))
        return tree, again.reports.finished()


class _Again:
    """One reading of a file of which pieces are known."""

    def __init__(self, source: Source, known: dict[str, Piece]) -> None:
        self.source = source
        self.known = known
        self.kept: dict[str, Piece] = {}
        self.reports = Reports(source)
        self.scanner = Scanner(source, self.reports)
        self.driver = Driver(Builder(self.reports, self.scanner.docs))
        self.statements: list[Statement] = []
        self.comments: list[Comment] = []
        self.lost: set[str] = set()
        self.nameless: set[str] = set()

    def run(self) -> bool:
        """Read the text; False if too much is wrong with it."""
        text = self.source.text
        stops = [*heads(text), len(text)]
        following = dict(zip([0, *stops], stops, strict=False))
        at = 0
        while at < len(text) and not self.full:
            end = following[at]
            written = text[at:end]
            piece = self.known.get(written)
            if piece is None:
                at, piece = self.read(at, following)
            else:
                self.take(piece, at)
                at = end
            if piece is not None and at == end:
                self.kept[written] = piece
        return not self.full

    @property
    def full(self) -> bool:
        return self.reports.full or self.scanner.statements.looks >= LOOKS

    def take(self, piece: Piece, at: int) -> None:
        """Put a piece where it stands now."""
        by = at - piece.start
        self.scanner.statements.looks += piece.looks
        self.statements += [moved(one, self.source, by) for one in piece.statements]
        self.comments += [moved(one, self.source, by) for one in piece.comments]

    def read(self, at: int, stops: Container[int]) -> tuple[int, Piece | None]:
        """Read from an offset up to where a statement ends before a stop: a piece if nothing is wrong with it."""
        scanner, before, looks = self.scanner, self.reports.found[:], self.scanner.statements.looks
        end = scanner.run(at, stops)
        tokens, scanner.statements.finished = scanner.statements.finished, []
        comments, scanner.comments = scanner.comments, []
        statements, lost, nameless = parse_statements(tokens, self.driver)
        self.statements += statements
        self.comments += comments
        self.lost |= lost
        self.nameless |= nameless
        if lost or scanner.above or self.reports.found != before:
            return end, None
        return end, Piece(at, tuple(statements), tuple(comments), scanner.statements.looks - looks)


M = TypeVar("M", bound=Record)


def moved(node: M, source: Source, by: int) -> M:
    """Give a node as it is in another source, some characters further on."""
    new = object.__new__(type(node))
    own = new.__dict__
    for name, value in node.__dict__.items():
        sort = type(value)
        if sort is Span:
            own[name] = Span(source, value.start + by, value.end + by)
        elif sort is tuple:
            own[name] = tuple([moved(one, source, by) if isinstance(one, Node) else one for one in value])
        else:
            own[name] = moved(value, source, by) if isinstance(value, Node) else value
    return new
