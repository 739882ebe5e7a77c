"""The syntax tree: what was written, where, with its comments. Nothing is looked up here."""

from __future__ import annotations

from dataclasses import dataclass

from .quantities import Quantity
from .source import Source, Span


@dataclass(frozen=True, slots=True)
class Node:
    """Base of all nodes; `span` covers the node's text."""

    span: Span


# Expressions


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """Base of what may stand where a value is expected."""


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A number, a quantity, `true`, `false` or `none`. `10%` is 0.1, `8Ki` is 8192."""

    value: int | float | bool | Quantity | None


@dataclass(frozen=True, slots=True)
class String(Expression):
    """A string: its pieces are texts (escapes resolved) and paths to be put in."""

    parts: tuple[str | Path, ...]


@dataclass(frozen=True, slots=True)
class Segment(Node):
    """One step of a path: `.name`, or `["key"]` when `is_key`. Names are in NFC."""

    name: str
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Path(Expression):
    """A bare name with what follows it: `pretrain.best`, `scores.by_group["f"]`."""

    segments: tuple[Segment, ...]

    def __str__(self) -> str:
        first, *rest = self.segments
        return first.name + "".join(f'["{s.name}"]' if s.is_key else f".{s.name}" for s in rest)


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """`key = value` of a block, a map or of named arguments; `key` has several segments only after `with`."""

    key: tuple[Segment, ...]
    value: Expression
    doc: str = ""

    @property
    def name(self) -> str:
        return ".".join(segment.name for segment in self.key)

    @property
    def key_span(self) -> Span:
        return self.key[0].span.to(self.key[-1].span)


@dataclass(frozen=True, slots=True)
class Block(Expression):
    """`{ key = value … }`: a component's fields, or a map where one is wanted.

    `broken` is true when an entry could not be parsed and was left out: what would follow from its absence
    (a missing field) must not be reported.
    """

    entries: tuple[Entry, ...]
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """`path(arguments) { entries }`, with at least one of the two."""

    path: Path
    positional: tuple[Expression, ...]
    named: tuple[Entry, ...]
    block: Block | None
    broken: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.named + (self.block.entries if self.block else ())

    @property
    def incomplete(self) -> bool:
        return self.broken or (self.block is not None and self.block.broken)


@dataclass(frozen=True, slots=True)
class Pipe(Expression):
    """`value |> call`: the value becomes the call's first positional argument."""

    value: Expression
    call: Call | Path


@dataclass(frozen=True, slots=True)
class With(Expression):
    """`base with { … }`: the base's description with some entries changed."""

    base: Expression
    block: Block


@dataclass(frozen=True, slots=True)
class List(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`operator` is `-`, `+` or `not`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """`operator` is one of `or and == != < <= > >= + - * /`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Broken(Expression):
    """Stands where something could not be parsed and was reported: nothing more is to be said of it."""


# Statements


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """Base of all statements."""


@dataclass(frozen=True, slots=True)
class Experiment(Statement):
    name: Segment
    block: Block
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Import(Statement):
    path: String
    alias: Segment
    block: Block | None


@dataclass(frozen=True, slots=True)
class Requirement(Node):
    """`>= 0.2` of a `use`."""

    operator: str
    version: str


@dataclass(frozen=True, slots=True)
class Use(Statement):
    distribution: Segment
    requirements: tuple[Requirement, ...]
    alias: Segment | None


@dataclass(frozen=True, slots=True)
class Param(Statement):
    name: Segment
    type: Segment | None
    value: Expression
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Let(Statement):
    name: Segment
    value: Expression
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Expect(Statement):
    name: Segment
    value: Expression
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Declaration(Statement):
    """`KIND name = value`."""

    kind: Segment
    name: Segment
    value: Expression
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its span; `is_doc` for `##`."""

    span: Span
    text: str
    is_doc: bool


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A parsed file. `broken` names (or spans) of statements that were left out are in `lost`:

    the names that such a statement would have bound, as far as they could be read, so that a use of one is
    not reported as unknown.
    """

    source: Source
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    lost: frozenset[str] = frozenset()
