"""The syntax tree: what was written, where, with its comments. Nothing is looked up here."""

from __future__ import annotations

from .quantities import Quantity
from .record import Record
from .source import Source, Span


class Node(Record):
    """Base of all nodes; `span` covers the node's text."""

    span: Span


# Expressions


class Expression(Node):
    """Base of what may stand where a value is expected."""


class Literal(Expression):
    """A number, a quantity, `true`, `false` or `none`. `10%` is 0.1, `8Ki` is 8192."""

    value: int | float | bool | Quantity | None


class String(Expression):
    """A string: its pieces are texts (escapes resolved) and paths to be put in."""

    parts: tuple[str | Path, ...]


class Segment(Node):
    """One step of a path: `.name`, or `["key"]` when `is_key`. Names are in NFC."""

    name: str
    is_key: bool = False


class Path(Expression):
    """A bare name with what follows it: `pretrain.best`, `scores.by_group["f"]`."""

    segments: tuple[Segment, ...]

    def __str__(self) -> str:
        first, *rest = self.segments
        return first.name + "".join(f'["{s.name}"]' if s.is_key else f".{s.name}" for s in rest)


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


class Block(Expression):
    """`{ key = value … }`: a component's fields, or a map where one is wanted.

    `broken` is true when an entry could not be parsed and was left out: what would follow from its absence
    (a missing field) must not be reported.
    """

    entries: tuple[Entry, ...]
    broken: bool = False


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


class Pipe(Expression):
    """`value |> call`: the value becomes the call's first positional argument."""

    value: Expression
    call: Call | Path


class With(Expression):
    """`base with { … }`: the base's description with some entries changed."""

    base: Expression
    block: Block


class List(Expression):
    items: tuple[Expression, ...]


class Unary(Expression):
    """`operator` is `-`, `+` or `not`."""

    operator: str
    operand: Expression


class Binary(Expression):
    """`operator` is one of `or and == != < <= > >= + - * /`."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Expression):
    condition: Expression
    then: Expression
    otherwise: Expression


class Broken(Expression):
    """Stands where something could not be parsed and was reported: nothing more is to be said of it."""


# Statements


class Statement(Node):
    """Base of all statements."""


class Experiment(Statement):
    name: Segment
    block: Block
    doc: str = ""


class Import(Statement):
    path: String
    alias: Segment
    block: Block | None
    doc: str = ""

    @property
    def name(self) -> Segment:
        return self.alias


class Requirement(Node):
    """`>= 0.2` of a `use`."""

    operator: str
    version: str


class Use(Statement):
    distribution: Segment
    requirements: tuple[Requirement, ...]
    alias: Segment | None


class Param(Statement):
    name: Segment
    type: Segment | None
    value: Expression
    doc: str = ""


class Let(Statement):
    name: Segment
    value: Expression
    doc: str = ""


class Expect(Statement):
    name: Segment
    value: Expression
    doc: str = ""


class Declaration(Statement):
    """`KIND name = value`."""

    kind: Segment
    name: Segment
    value: Expression
    doc: str = ""


class Comment(Record):
    """A comment with its span; `is_doc` for `##`."""

    span: Span
    text: str
    is_doc: bool


class SyntaxTree(Record):
    """A parsed file. `broken` names (or spans) of statements that were left out are in `lost`:

    the names that such a statement would have bound, as far as they could be read, so that a use of one is
    not reported as unknown.
    """

    source: Source
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    lost: frozenset[str] = frozenset()
    headless: bool = False
    """Whether the head of a block is missing, so that an unknown name may be the one that it declared."""
    nameless: frozenset[str] = frozenset()
    """Words that stand before `=` where a kind and a name should: the name is missing if one is a kind."""
