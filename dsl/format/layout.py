"""From the syntax tree to a document: the tree says what belongs together, the tokens give the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from ..syntax import (
    Binary,
    Block,
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
    Param,
    Path,
    Pipe,
    Statement,
    String,
    SyntaxTree,
    Unary,
    With,
)
from ..tokens import COMPARISONS
from .document import BLANK, LINE, Choice, Concat, Document, Indent, Remark, Row, Rows, Text
from .stream import Stream

_COMMA = Text(", ")
_LEVELS = {"or": 0, "and": 1, **dict.fromkeys(COMPARISONS, 2), "+": 3, "-": 3, "*": 4, "/": 4}


class Built(NamedTuple):
    """A row's document, and what stands before its `=` if that may be aligned with others of its group."""

    document: Document
    head: str = ""
    group: str = ""


class Layout:
    """Builds the document of a file; each method takes the tokens of what it is given."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def file(self, tree: SyntaxTree) -> list[Row]:
        rows: list[Row] = []
        for statement in tree.statements:
            self.row(rows, partial(self.statement, statement))
        self.comments(rows)
        return rows

    # Rows

    def row(self, rows: list[Row], build: Callable[[], Built], comma: bool = False) -> None:
        """Add a row, the comments above it, and the one after it or after its comma."""
        self.comments(rows)
        stream = self.stream
        blank = stream.breaks(stream.done, stream.next_start, 2)
        document, head, group = build()
        last = stream.at - 1
        if stream.type != ",":
            rows.append(Row(document, blank, head, group, stream.take_trailing(last), comma))
        elif stream.at in stream.own or {last, last + 1} <= stream.trailing.keys():
            # There are comments on both sides of the comma: it stays between them.
            after = stream.take_trailing(last)
            remarks = [Remark(after, own=False)] if after else []
            document = Concat([document, *remarks, *_lines(stream.take_own()), LINE, stream.word()])
            rows.append(Row(document, blank, remark=stream.take_trailing(last + 1)))
        else:
            remark = stream.take_trailing(last)
            stream.word()
            rows.append(Row(document, blank, head, group, remark or stream.take_trailing(last + 1), comma))

    def comments(self, rows: list[Row]) -> None:
        """Add the comments on lines before the next token, a row each."""
        stream = self.stream
        for comment in stream.own.pop(stream.at, []):
            blank = stream.breaks(stream.done, comment.span.start, 2)
            rows.append(Row(Remark(stream.said(comment), own=True), blank))

    # Statements and entries

    def statement(self, statement: Statement) -> Built:
        match statement:
            case Param(value=value) | Let(value=value) | Expect(value=value) | Declaration(value=value):
                return self.valued(value, spaced=True)
            case Experiment(block=block) | Import(block=Block() as block) if block.span.start < block.span.end:
                return Built(Concat([self.words(block.span.start), BLANK, self.block(block)]))
        return Built(self.words(statement.span.end))

    def words(self, end: int, blanks: bool = True) -> Document:
        """Take the tokens up to an offset."""
        parts: list[Document] = []
        tokens, stream = self.stream.tokens, self.stream
        while stream.at < len(tokens) and tokens[stream.at].start < end:
            if parts and blanks and stream.type != ",":
                parts.append(BLANK)
            goes_on = stream.at + 1 < len(tokens) and tokens[stream.at + 1].start < end
            parts.append(stream.take(whole=goes_on))
        return Concat(parts)

    def valued(self, value: Expression, spaced: bool = False) -> Built:
        """Take `key = value`, or a statement of that form."""
        stream = self.stream
        parts: list[Document] = []
        while stream.type != "=":
            if spaced and parts and stream.type != ":":
                parts.append(BLANK)
            parts.append(stream.take())
        plain = [part.value for part in parts if isinstance(part, Text)]
        # A type takes room that no name should leave; and two kinds of statement have little to line up.
        aligned = len(plain) == len(parts) and ":" not in plain
        head, group = ("".join(plain), plain[0] if spaced else "") if aligned else ("", "")
        equals = stream.take()
        above = stream.take_own()
        document = self.expression(value)
        if above or equals.forced:
            # Comments stand between: the value begins on a line of its own.
            document = Indent(Concat([*_lines(above), LINE, document]))
        else:
            document = Concat([BLANK, document])
        return Built(Concat([*parts, BLANK, equals, document]), head, group)

    # Expressions

    def expression(self, node: Expression) -> Document:
        stream = self.stream
        if stream.tokens[stream.at].start < node.span.start:
            return self.group(node)
        match node:
            case Pipe():
                return self.pipe(node)
            case Binary():
                return self.binary(node)
            case With(base=base, block=block):
                return Concat([self.expression(base), BLANK, stream.take(), BLANK, self.block(block)])
            case Conditional():
                return self.conditional(node)
            case Unary():
                return self.unary(node)
            case Call():
                return self.call(node)
            case Path():
                return self.words(node.span.end, blanks=False)
            case List():
                return self.list(node)
            case Block():
                return self.block(node)
        return stream.take()

    def call(self, call: Call) -> Document:
        parts = [self.words(call.path.span.end, blanks=False)]
        if self.stream.type == "(":
            parts.append(self.arguments(call))
        if call.block is not None:
            parts += [BLANK, self.block(call.block)]
        return Concat(parts)

    def unary(self, node: Unary) -> Document:
        sign = self.stream.take()
        # Two signs in a row are told apart.
        apart = node.operator == "not" or self.stream.type == "ADD"
        return Concat([sign, *([BLANK] if apart else []), self.expression(node.operand)])

    def conditional(self, node: Conditional) -> Document:
        """Take `if … then … else …`, and what follows after `else if` with it."""
        take = self.stream.take
        head = [take(), BLANK, self.expression(node.condition), BLANK, take()]
        then, else_ = self.expression(node.then), take()
        line: list[Document] = [*head, BLANK, then, BLANK, else_]
        broken: list[Document] = [*head, Indent(Concat([LINE, then, BLANK, else_]))]
        other = self.expression(node.otherwise)
        if isinstance(node.otherwise, Conditional) and isinstance(other, Choice):
            line += [BLANK, other.line]
            broken += [BLANK, other.broken]
        else:
            line += [BLANK, other]
            broken.append(Indent(Concat([LINE, other])))
        return Choice(Concat(line), Concat(broken))

    def pipe(self, node: Pipe) -> Document:
        """Take a chain of `|>`: on one line, or each on its own if one is already."""
        stream = self.stream
        calls: list[Call | Path] = []
        first: Expression = node
        while isinstance(first, Pipe) and first.span.start == node.span.start:
            calls.append(first.call)
            first = first.value
        start = self.expression(first)
        broke = False
        steps: list[Document] = []
        for call in reversed(calls):
            broke = broke or stream.breaks(stream.done, call.span.start)
            steps.append(Concat([stream.take(), BLANK, self.expression(call)]))
        broken = Concat([Indent(Concat([LINE, step])) for step in steps])
        if broke:
            return Concat([start, broken])
        line = Concat([piece for step in steps for piece in (BLANK, step)])
        need = None
        if steps[-1].forced:
            # Its brackets go on over lines; the pipes before them can still stand on one.
            need = line.lead
            if any(step.forced for step in steps[:-1]):
                return Concat([start, broken])
        return Concat([start, Choice(line, broken, need)])

    def binary(self, node: Binary) -> Document:
        """Take a chain of operators that bind alike; a line breaks after them."""
        stream, level = self.stream, _LEVELS[node.operator]
        operands: list[Expression] = []
        first: Expression = node
        while isinstance(first, Binary) and first.span.start == node.span.start and _LEVELS[first.operator] == level:
            operands.append(first.right)
            first = first.left
        start = self.expression(first)
        line: list[Document] = []
        broken: list[Document] = []
        for operand in reversed(operands):
            sign = stream.take()
            after = self.expression(operand)
            line += [BLANK, sign, BLANK, after]
            broken += [BLANK, sign, Indent(Concat([LINE, after]))]
        return Concat([start, Choice(Concat(line), Concat(broken))])

    # Brackets

    def block(self, block: Block) -> Document:
        builders = [partial(self.valued, entry.value) for entry in block.entries]
        return self.bracket(builders, braces=True)

    def list(self, node: List) -> Document:
        return self.bracket([self.item(item) for item in node.items], hug=_hugs(node.items))

    def arguments(self, call: Call) -> Document:
        items: list[Expression | Entry] = sorted([*call.positional, *call.named], key=lambda item: item.span.start)
        return self.bracket([self.item(item) for item in items], hug=_hugs(items))

    def group(self, node: Expression) -> Document:
        return self.bracket([self.item(node)], hug=_hugs([node]), comma=False)

    def item(self, node: Expression | Entry) -> Callable[[], Built]:
        if isinstance(node, Entry):
            return lambda: Built(self.valued(node.value).document)
        return lambda: Built(self.expression(node))

    def bracket(
        self, builders: Sequence[Callable[[], Built]], *, braces: bool = False, hug: bool = False, comma: bool = True
    ) -> Document:
        """Take what stands in brackets: on one line, or a row each.

        What began on a new line after the opening bracket stays on lines, and entries in braces do if any two of
        them were. A single item that has brackets of its own `hug`s these.
        """
        stream = self.stream
        before = stream.take_own()
        opener = stream.word()
        remark = stream.take_trailing(stream.at - 1)
        lines = bool(remark) or stream.breaks(stream.done, stream.next_start)
        rows: list[Row] = []
        for build in builders:
            lines = lines or (braces and stream.breaks(stream.done, stream.next_start))
            self.row(rows, build, comma and not braces)
        lines = lines or (braces and stream.breaks(stream.done, stream.next_start))
        self.comments(rows)
        closer = stream.word()
        index = stream.at - 1
        after = "" if stream.ends_row(index) else stream.take_trailing(index)
        if not rows and not remark:
            whole: Document = Text(opener.value + closer.value)
        else:
            whole = _enclosed(opener, closer, rows, remark, lines, hug)
        return Concat([*before, whole, *([Remark(after, own=False)] if after else [])])


def _lines(remarks: Sequence[Remark]) -> list[Document]:
    return [piece for remark in remarks for piece in (LINE, remark)]


def _enclosed(opener: Text, closer: Text, rows: list[Row], remark: str, lines: bool, hug: bool) -> Document:
    remarks = [Remark(remark, own=False)] if remark else []
    broken = Concat([opener, *remarks, Indent(Rows(rows)) if rows else Concat([]), LINE, closer])
    if lines or any(row.commented for row in rows):
        return broken
    pad = [BLANK] if opener.value == "{" else []
    inside: list[Document] = []
    for row in rows:
        inside += [*([_COMMA] if inside else []), row.document]
    line = Concat([opener, *pad, *inside, *pad, closer])
    if hug:
        return line
    return broken if line.forced else Choice(line, broken)


def _hugs(items: Sequence[Expression | Entry]) -> bool:
    """Tell whether brackets hold a single item that has brackets of its own."""
    if len(items) != 1:
        return False
    value = items[0].value if isinstance(items[0], Entry) else items[0]
    match value:
        case Block() | List() | With():
            return True
        case Call(block=block):
            return block is not None
        case String():
            return value.span.text.startswith('"""')
    return False
