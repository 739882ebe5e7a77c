"""What is to be set, and where its lines may break (after Wadler, "A prettier printer", 2003).

A `Choice` has two forms, on one line and broken; the printer takes the first if it fits. Each piece knows its
width, so that this costs one comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics.width import width

NEVER = 1 << 40
"""The width of what can't be on one line."""


class Document:
    """Base of all pieces.

    `flat` is the width on one line, NEVER if it can't be; `lead` the width up to the first place where a line may
    break, and `opens` tells whether there is one.
    """

    __slots__ = ("flat", "lead", "opens")
    flat: int
    lead: int
    opens: bool

    @property
    def forced(self) -> bool:
        """Tell whether this can't be on one line."""
        return self.flat >= NEVER


class Text(Document):
    """Characters that stay together; a string of several lines breaks where it does."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value
        self.opens = "\n" in value
        self.lead = width(value.partition("\n")[0]) if self.opens else width(value)
        self.flat = self.lead + (width(value.rpartition("\n")[2]) if self.opens else 0)


class HardLine(Document):
    """A new line at the indentation around it."""

    __slots__ = ()

    def __init__(self) -> None:
        self.flat, self.lead, self.opens = NEVER, 0, True


class Remark(Document):
    """A comment, `own` if on a line of its own; what follows stands on a new line. Its width doesn't count."""

    __slots__ = ("own", "value")

    def __init__(self, value: str, own: bool) -> None:
        self.value, self.own = value, own
        self.flat, self.lead, self.opens = NEVER, 0, True


class Concat(Document):
    """Pieces one after the other."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Document]) -> None:
        self.parts = parts
        self.flat = min(sum([part.flat for part in parts]), NEVER)
        self.lead, self.opens = 0, False
        for part in parts:
            self.lead += part.lead
            if part.opens:
                self.opens = True
                break


class Indent(Document):
    """A piece whose lines are indented one step more."""

    __slots__ = ("inner",)

    def __init__(self, inner: Document) -> None:
        self.inner = inner
        self.flat, self.lead, self.opens = inner.flat, inner.lead, inner.opens


class Choice(Document):
    """`line` if it fits on the line, else `broken`.

    `line` may end with something that goes on over lines, such as a block; `need` is then what has to fit.
    """

    __slots__ = ("broken", "line", "need")

    def __init__(self, line: Document, broken: Document, need: int | None = None) -> None:
        self.line, self.broken = line, broken
        self.need = line.flat if need is None else need
        self.flat, self.lead, self.opens = line.flat, broken.lead, broken.opens


class Row:
    """What has lines of its own: an entry, an item, a statement, a comment.

    `head` is the text before `=`, if those of neighbours of its `group` may be aligned; `remark` the comment after it; `blank`
    tells whether a blank line stands before it; `comma` whether a separator follows.
    """

    __slots__ = ("blank", "comma", "document", "group", "head", "remark")

    def __init__(
        self, document: Document, blank: bool, head: str = "", group: str = "", remark: str = "", comma: bool = False
    ) -> None:
        self.document, self.blank, self.head, self.group = document, blank, head, group
        self.remark, self.comma = remark, comma

    @property
    def commented(self) -> bool:
        """Tell whether this is a comment, or has one after it."""
        return bool(self.remark) or isinstance(self.document, Remark)


class Rows(Document):
    """Rows, each after a new line."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.flat, self.lead, self.opens = NEVER, 0, True


LINE = HardLine()
BLANK = Text(" ")
