"""What a diagnostic is: data, without a word of any human language.

The words are in the catalogues (`messages/en.py`, `messages/ja.py`), found by key; a renderer joins both.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..record import Record
from ..source import Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Text(Record):
    """A message of the catalogue: its key, and the values for its placeholders.

    A value that is itself a Text is rendered in the same language and put in.
    """

    key: str
    values: Mapping[str, object] = {}


class Label(Record):
    """A secondary place with what is to be seen there."""

    span: Span
    text: Text


class Fix(Record):
    """A replacement of a range of the source; `certain` ones may be applied without asking."""

    span: Span
    replacement: str
    certain: bool = True


class Diagnostic(Record):
    """One thing that is wrong (or suspicious), where, and the way out.

    `message` states what is wrong and never contains the fix; `label` stands under the primary span.
    `span` is None for what has no place in a file (a full disk while a report is written). `fixes` are
    alternatives, the best one first: each is a whole repair.
    """

    code: str
    message: Text
    span: Span | None
    severity: Severity = Severity.ERROR
    label: Text | None = None
    labels: tuple[Label, ...] = ()
    helps: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR
