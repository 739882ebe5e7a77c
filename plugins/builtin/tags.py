"""Tags of words that mark spans, as IOB2 has them: B-PER begins one, I-PER goes on with it, O is outside.

Ramshaw & Marcus 1995 (arXiv:cmp-lg/9505040); IOB2 is of Tjong Kim Sang & Veenstra 1999 (arXiv:cs/9907006).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from ...dsl.record import Record

Scheme = Literal["iob2", "iob1", "none"]

OUTSIDE = "O"


class Span(Record):
    """Words that belong together: from `first` to before `behind`."""

    kind: str
    first: int
    behind: int


def parted(tag: str) -> tuple[str, str]:
    """Give what a tag says of its word (B, I, O) and the sort of its span; what is no such tag says only a sort."""
    head, sign, kind = tag.partition("-")
    if sign and head in ("B", "I"):
        return head, kind
    return ("O", "") if tag == OUTSIDE else ("", tag)


def fault(tags: Sequence[str], scheme: Scheme) -> int | None:
    """Give the first word whose tag can't stand where it does; None if all can, or if the tags mark no spans.

    In IOB2 each span begins with B; in IOB1 B is written between two spans of a sort alone.
    """
    if scheme == "none":
        return None
    before = ("O", "")
    for number, tag in enumerate(tags):
        here, kind = parted(tag)
        if not here or (here != "O" and not kind):
            return number
        if here == "I" and scheme == "iob2" and before not in (("B", kind), ("I", kind)):
            return number
        before = (here, kind)
    return None


def as_iob2(tags: Sequence[str]) -> list[str]:
    """Give tags of IOB1 as those of IOB2."""
    found: list[str] = []
    before = ("O", "")
    for tag in tags:
        here, kind = parted(tag)
        found.append(f"B-{kind}" if here == "I" and before not in (("B", kind), ("I", kind)) else tag)
        before = (here, kind)
    return found


def spans(tags: Sequence[str]) -> list[Span]:
    """Give the spans that tags mark, whatever their order: as in conlleval, an I that goes on with nothing begins one."""
    found: list[Span] = []
    begun: tuple[str, int] | None = None
    for number, tag in enumerate([*tags, OUTSIDE]):
        here, kind = parted(tag)
        if begun is not None and (here != "I" or kind != begun[0]):
            found.append(Span(begun[0], begun[1], number))
            begun = None
        if here in ("B", "I") and begun is None:
            begun = (kind, number)
    return found


def in_order(tags: Iterable[str], scheme: Scheme) -> list[str]:
    """Give all tags that there may be: O first, and of each sort B and I though only one of them occurs."""
    given = set(tags)
    if scheme == "none":
        return sorted(given)
    kinds = sorted({kind for tag in given if (kind := parted(tag)[1])})
    return [OUTSIDE, *(f"{mark}-{kind}" for kind in kinds for mark in ("B", "I"))]
