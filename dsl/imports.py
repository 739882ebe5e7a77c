"""From a module to one that knows what it imports: each file is read and bound once, however often it is imported."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import syntax
from .diagnostics.model import Diagnostic, Label, Text
from .modules import Imported, Module, module, names_missing
from .parser import parse, read
from .record import Record, replace
from .resolve.files import folder_name, shown_path, similar_paths, within
from .source import Source, Span
from .suggest import naming

if TYPE_CHECKING:
    from .catalogue import Catalogue

Read = Callable[[Path, str], tuple[Source | None, list[Diagnostic]]]
"""Reads a file that diagnostics are to call by a name; an editor gives what it holds in place of what is stored."""

Parse = Callable[[Source], tuple[syntax.SyntaxTree, list[Diagnostic]]]

DEEPEST = 30
"""How many files may import one another in a row."""

MOST = 500
"""Files of one experiment."""


class _Step(Record):
    """A file under way, and the import that led to the next one."""

    path: str
    source: Source
    span: Span


def with_imports(
    bound: Module, catalogue: Catalogue, root: Path, read: Read = read, parse: Parse = parse
) -> tuple[Module, list[Diagnostic]]:
    """Give a module with the files that it imports, and those that they import; a file is read once."""
    if not any(isinstance(node, syntax.Import) for node in bound.names.values()):
        return bound, []
    loader = _Loader(catalogue, root, read, parse)
    return loader.linked(bound, ()), loader.found


class _Loader:
    """The files of one experiment."""

    def __init__(self, catalogue: Catalogue, root: Path, read: Read, parse: Parse) -> None:
        self.catalogue = catalogue
        self.root = os.path.abspath(root)  # noqa: PTH100
        self.read = read
        self.parse = parse
        self.found: list[Diagnostic] = []
        self.known: dict[str, Imported | None] = {}
        """By their real path; None is one that can't be read, which was reported."""

    def linked(self, bound: Module, way: tuple[_Step, ...]) -> Module:
        """Give a module with its imports; those that lead nowhere are lost, like what can't be parsed."""
        imports: dict[str, Imported] = {}
        lost: set[str] = set()
        for name, node in bound.names.items():
            if not isinstance(node, syntax.Import):
                continue
            imported = self._import(node, bound.source, way)
            if imported is None:
                lost.add(name)
            else:
                imports[name] = imported
        names = {name: node for name, node in bound.names.items() if name not in lost}
        broken = bound.broken or bool(lost)
        return replace(bound, names=names, imports=imports, lost=bound.lost | lost, broken=broken)

    def _import(self, node: syntax.Import, source: Source, way: tuple[_Step, ...]) -> Imported | None:
        """Give what an import leads to, or report why it leads nowhere."""
        full = self._find(node, source)
        if full is None:
            return None
        real = os.path.realpath(full)
        here = os.path.realpath(source.path) if source.path else ""
        steps = (*way, _Step(here, source, node.path.span))
        if real in [step.path for step in steps]:
            self._circle(real, steps)
            return None
        if real not in self.known:
            if len(steps) > DEEPEST or len(self.known) >= MOST:
                code, limit = ("L0255", DEEPEST) if len(steps) > DEEPEST else ("L0255.most", MOST)
                self._error(code, node.path.span, limit=limit)
                return None
            self.known[real] = self._load(Path(full), node, source, steps)
        return self.known[real]

    def _load(self, full: Path, node: syntax.Import, source: Source, steps: tuple[_Step, ...]) -> Imported | None:
        """Read, parse and bind a file, and what it imports."""
        span = node.path.span
        read, found = self.read(full, _shown_name(full, source))
        if read is None:
            if found[0].code == "L0651":
                self._missing(node.path, source)
            else:
                self.found += [_placed(one, span) for one in found]
            return None
        tree, found = self.parse(read)
        catalogue = self.catalogue.fresh()
        bound, more = module(tree, catalogue)
        before = len(self.found)
        self.found += [*names_missing(found, catalogue), *more]
        linked = self.linked(replace(bound, broken=bound.broken or bool(found)), steps)
        self.found[before:] = imported_here(self.found[before:], span)
        return Imported(linked, catalogue)

    def _find(self, node: syntax.Import, source: Source) -> str | None:
        """Give the full path of the file that an import names, or report why it can't be that."""
        written = node.path
        if not written.parts and written.span.text.strip('"'):
            return None  # it could not be read, and was reported
        text = _plain(written)
        if len(written.parts) > 1 or any(not isinstance(part, str) for part in written.parts):
            self._error("L0253", written.span, Text("L0253.help"))
            return None
        if not text.strip() or "\0" in text:
            self._error("L0253.empty", written.span, Text("L0253.empty.help"))
            return None
        folder = self._folder(source)
        full = os.path.normpath(os.path.join(folder, text))  # noqa: PTH118
        if not within(full, self.root):
            help = Text("L0251.help", {"root": folder_name(self.root)})
            self._error("L0251", written.span, help, path=text)
        elif not within(os.path.realpath(full), os.path.realpath(self.root)):
            self._error("L0251.link", written.span, Text("L0661.link.help"), path=text)
        else:
            return full
        return None

    def _folder(self, source: Source) -> str:
        return os.path.abspath(source.path.parent) if source.path else self.root  # noqa: PTH100

    def _missing(self, written: syntax.String, source: Source) -> None:
        text, folder = _plain(written), self._folder(source)
        near = similar_paths(text, Path(folder))
        if not near and (Path(folder) / f"{text}.llx").is_file():
            near = [f"{text}.llx"]
        helps = naming(near, "help.similar_file") or (
            Text("L0250.searched", {"folder": shown_path(folder, self.root)}),
        )
        self._error("L0250", written.span, *helps, path=text)

    def _circle(self, real: str, steps: tuple[_Step, ...]) -> None:
        """Report files that import one another, with the whole way round."""
        start = [step.path for step in steps].index(real)
        circle = steps[start:]
        names = [self._relative(step.path) for step in circle]
        labels = tuple(
            Label(step.span, Text("L0252.imports", {"name": names[n], "other": names[n + 1]}))
            for n, step in enumerate(circle[:-1])
        )
        values = {"name": names[0], "path": " -> ".join([*names, names[0]])}
        help = Text("L0252.help")
        self.found.append(Diagnostic("L0252", Text("L0252", values), circle[-1].span, labels=labels, helps=(help,)))

    def _relative(self, path: str) -> str:
        return shown_path(path, os.path.realpath(self.root))

    def _error(self, code: str, span: Span, *helps: Text, **values: object) -> None:
        self.found.append(Diagnostic(code.split(".")[0], Text(code, values), span, helps=helps))


def imported_here(diagnostics: list[Diagnostic], span: Span) -> list[Diagnostic]:
    """Label what was found in an imported file with the place of the import."""
    label = Label(span, Text("label.imported"))
    return [
        one
        if one.span is None or one.span.source is span.source or any(known.span == span for known in one.labels)
        else replace(one, labels=(*one.labels, label))
        for one in diagnostics
    ]


def _placed(diagnostic: Diagnostic, span: Span) -> Diagnostic:
    """Give a file that can't be read the place of its import."""
    if diagnostic.span is None:
        return replace(diagnostic, span=span)
    return imported_here([diagnostic], span)[0]


def _plain(written: syntax.String) -> str:
    return "".join(part for part in written.parts if isinstance(part, str))


def _shown_name(full: Path, importer: Source) -> str:
    """Call a file as its importer is called: from the working folder if that one was named so."""
    if importer.path is None:
        return str(full)
    relative = os.path.relpath(full, os.path.abspath(importer.path.parent))  # noqa: PTH100
    return os.path.normpath(os.path.join(os.path.dirname(importer.name), relative))  # noqa: PTH118, PTH120
