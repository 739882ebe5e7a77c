"""Formatting: the canonical layout, as edits of the lines that change, so that cursors and folds stay where they are."""

from __future__ import annotations

from difflib import SequenceMatcher

from lsprotocol import types

from ..format import formatted
from ..source import Source
from .positions import Positions


def formatting(source: Source, positions: Positions) -> list[types.TextEdit] | None:
    """Give the edits that lay a file out anew; None if it has syntax errors, with which it is left alone."""
    text = formatted(source).text
    if text is None:
        return None
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    edits = []
    for what, first, last, new_first, new_last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            replacement = "".join(after[new_first:new_last])
            edits.append(types.TextEdit(positions.range(starts[first], starts[last]), replacement))
    return edits
