"""Where a name of the file is declared and used: definition, references, renaming."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from .. import syntax
from ..diagnostics.model import Text
from ..reports import Reports
from ..resolve.base import Binding
from ..scan import scan
from ..source import Source, Span
from ..tokens import RESERVED, WORD
from .analysis import Analysis
from .cursor import Analyse
from .touched import TouchedName, TouchedOutput, touched
from .walk import walk


class Refused(Exception):
    """A renaming that can't be done, and why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


def name_at(analysis: Analysis, offset: int) -> Binding | None:
    """Give the name of the file that an offset touches; an output stands for its task."""
    found = touched(analysis, offset)
    return found.binding if isinstance(found, TouchedName | TouchedOutput) else None


def uses(analysis: Analysis, binding: Binding) -> list[Span]:
    """Give the places where a name is used, in the order of the text."""
    return [path.segments[0].span for path, meant in analysis.names() if meant.name == binding.name]


def renamable(analysis: Analysis, offset: int) -> Span:
    """Give the place of the name that would be renamed, or refuse."""
    found = touched(analysis, offset)
    if not isinstance(found, TouchedName):
        raise Refused(Text("editor.rename.nothing"))
    return found.span


def rename(analysis: Analysis, offset: int, new: str, analyse: Analyse) -> list[tuple[Span, str]]:
    """Give the edits that rename a name wherever it stands, or refuse.

    The file with the new name is checked: what meant something else before must still mean that.
    """
    renamable(analysis, offset)
    binding = name_at(analysis, offset)
    assert binding is not None
    new = unicodedata.normalize("NFC", new.strip())
    _allowed(analysis, binding, new)
    places = sorted({binding.span, *uses(analysis, binding)}, key=lambda span: span.start)
    _all_read(analysis, binding)
    edits = [(place, new) for place in places]
    if new != binding.name:
        _same_meaning(analysis, binding, new, edits, analyse)
    return edits


def _allowed(analysis: Analysis, binding: Binding, new: str) -> None:
    if not new.isidentifier():
        raise Refused(Text("editor.rename.invalid", {"name": new}))
    if new in RESERVED:
        raise Refused(Text("editor.rename.reserved", {"name": new}))
    if any(use.prefix == new for use in analysis.context.module.uses):
        raise Refused(Text("editor.rename.prefix", {"name": new}))
    for statement in analysis.tree.statements:
        name = getattr(statement, "name", None) or getattr(statement, "alias", None)
        if not isinstance(name, syntax.Segment) or isinstance(statement, syntax.Experiment):
            continue
        if name.name == new != binding.name:
            raise Refused(Text("editor.rename.taken", {"name": new, "line": name.span.line}))


def _all_read(analysis: Analysis, binding: Binding) -> None:
    """Refuse if the name also stands where the text could not be read: there it would be left behind."""
    read = {segment.span.start for segment in _segments(analysis.tree)}
    for tokens in scan(analysis.source, Reports(analysis.source)).statements:
        for n, token in enumerate(tokens):
            is_key = n + 1 < len(tokens) and tokens[n + 1].type == "="
            is_member = n > 0 and tokens[n - 1].type == "."
            is_name = token.type == WORD and token.text == binding.name and not is_key and not is_member
            if is_name and token.start not in read:
                line = Span(analysis.source, token.start, token.end).line
                raise Refused(Text("editor.rename.broken", {"name": binding.name, "line": line}))


def _segments(tree: syntax.SyntaxTree) -> Iterator[syntax.Segment]:
    """Give all names that the tree holds."""
    for node in walk(tree):
        for part in vars(node).values():
            if isinstance(part, syntax.Segment):
                yield part
        if isinstance(node, syntax.Path):
            yield from node.segments


def _same_meaning(
    analysis: Analysis, binding: Binding, new: str, edits: list[tuple[Span, str]], analyse: Analyse
) -> None:
    """Refuse if any name of the file would stand for something else afterwards."""
    text = analysis.source.text
    for place, replacement in reversed(edits):
        text = text[: place.start] + replacement + text[place.end :]
    renamed = analyse(Source(analysis.source.name, text, analysis.source.path))
    before = [new if meant.name == binding.name else meant.name for _, meant in analysis.names()]
    after = [(path, meant.name) for path, meant in renamed.names()]
    for n, (path, meant) in enumerate(after):
        if n >= len(before) or before[n] != meant:
            raise Refused(Text("editor.rename.changes", {"name": new, "line": path.span.line}))
    if len(after) < len(before):
        raise Refused(Text("editor.rename.changes", {"name": new, "line": edits[0][0].line}))
