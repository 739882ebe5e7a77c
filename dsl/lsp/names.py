"""Where a name of the file is declared and used: definition, references, renaming."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .. import syntax
from ..diagnostics.model import Text
from ..reports import Reports
from ..resolve.base import Binding
from ..scan import scan
from ..source import Source, Span
from ..tokens import JUNK, RESERVED, WORD
from .analysis import Analysis
from .cursor import Analyse
from .touched import TouchedImport, TouchedName, TouchedOutput, touched
from .walk import walk


class Refused(Exception):
    """A renaming that can't be done, and why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


def name_at(analysis: Analysis, offset: int) -> Binding | None:
    """Give the name that an offset touches; an output stands for its task."""
    match touched(analysis, offset):
        case TouchedName(binding=binding):
            return binding
        case TouchedOutput(reached=reached):
            return reached.binding
    return None


def declared_at(analysis: Analysis, offset: int) -> Span | None:
    """Give the place where what an offset touches is declared; of an import, the beginning of its file."""
    found = touched(analysis, offset)
    if isinstance(found, TouchedImport):
        imported = analysis.context.module.imports.get(found.statement.name.name)
        return Span(imported.module.source, 0, 0) if imported is not None else None
    binding = name_at(analysis, offset)
    return binding.span if binding is not None else None


def places(analysis: Analysis, offset: int) -> tuple[list[Span], list[Span]]:
    """Give where the name that an offset touches is declared, and where the file uses it; nothing without a name."""
    binding = name_at(analysis, offset)
    return ([binding.span], uses(analysis, binding)) if binding is not None else ([], [])


def uses(analysis: Analysis, binding: Binding) -> list[Span]:
    """Give the places of the file where a name is used, in the order of the text."""
    found = []
    for path, reached in analysis.names():
        again = analysis.again(path)
        if analysis.bindings.get(path.segments[0].name) is binding:
            found.append(path.segments[0].span)
        elif reached.segments > 1 and _is(reached.binding, binding):
            found.append(path.segments[1].span)
        if again is not None and analysis.bindings[path.segments[again].name] is binding:
            found.append(path.segments[again].span)
    for node in walk(analysis.tree):
        if isinstance(node, syntax.Block) and analysis.varies_params(node):
            keys = (entry.key[0] for entry in node.entries)
            found += [key.span for key in keys if analysis.bindings.get(key.name) is binding]
        elif isinstance(node, syntax.Import) and node.block is not None and node.name.name in analysis.bindings:
            inner = analysis.module_of(analysis.bindings[node.name.name])
            keys = (entry.key[0] for entry in node.block.entries if len(entry.key) == 1)
            found += [key.span for key in keys if inner is not None and _is(inner.bindings.get(key.name), binding)]
    return sorted(found, key=lambda span: span.start)


def _is(binding: Binding | None, other: Binding) -> bool:
    """Tell whether two names of imported files are one: a file that is imported twice has it twice."""
    return binding is not None and binding.span == other.span


def renamable(analysis: Analysis, offset: int) -> TouchedName:
    """Give the name that would be renamed, or refuse."""
    found = touched(analysis, offset)
    if not isinstance(found, TouchedName):
        raise Refused(Text("editor.rename.nothing"))
    if found.home is not analysis.context:
        values = {"name": found.binding.name, "file": found.binding.span.source.name}
        raise Refused(Text("editor.rename.imported", values))
    return found


def rename(analysis: Analysis, offset: int, new: str, analyse: Analyse) -> list[tuple[Span, str]]:
    """Give the edits that rename a name wherever it stands, or refuse.

    The file with the new name is checked: what meant something else before must still mean that.
    """
    binding = renamable(analysis, offset).binding
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
    for start in _mentions(analysis.source, binding.name):
        if start not in read:
            line = Span(analysis.source, start, start).line
            raise Refused(Text("editor.rename.broken", {"name": binding.name, "line": line}))


def _mentions(source: Source, name: str) -> Iterator[int]:
    """Give the places where a name stands, keys and outputs aside, in what could not be read too."""
    word = re.compile(rf"(?<![\w.])({re.escape(name)})(?!\w)")
    hole = re.compile(rf"\$\{{[ \t]*({re.escape(name)})(?!\w)")
    for tokens in scan(source, Reports(source)).statements:
        for n, token in enumerate(tokens):
            is_key = n + 1 < len(tokens) and tokens[n + 1].type == "="
            is_member = n > 0 and tokens[n - 1].type == "."
            pattern = hole if token.type == "STRING" else word if token.type in (WORD, JUNK) else None
            if pattern is not None and not is_key and not is_member:
                yield from (match.start(1) for match in pattern.finditer(source.text, token.start, token.end))


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
    before = [new if path.segments[0].name == binding.name else path.segments[0].name for path, _ in analysis.names()]
    after = [path.segments[0] for path, _ in renamed.names()]
    for n, segment in enumerate(after):
        if n >= len(before) or before[n] != segment.name:
            raise Refused(Text("editor.rename.changes", {"name": new, "line": segment.span.line}))
    if len(after) < len(before):
        raise Refused(Text("editor.rename.changes", {"name": new, "line": edits[0][0].line}))
