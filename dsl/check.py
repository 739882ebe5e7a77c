"""Check a file: parse, bind names, resolve, and look for what nothing uses."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from . import syntax
from .catalogue import Catalogue
from .diagnostics.model import Diagnostic, Label, Text
from .imports import Parse, Read, with_imports
from .modules import COMMAND_LINE, Module, module, names_missing
from .parser import parse, parse_expression, read
from .program import Program
from .record import Record
from .resolve.instantiate import resolved
from .resolve.observer import Observer
from .source import Source, Span
from .suggest import suggest
from .unused import nothing_to_run, unused

_MARKS = (".llx", "llx.lock", ".git")


class Checked(Record):
    """The result of a check: the program is None if there is an error."""

    program: Program | None
    diagnostics: list[Diagnostic]
    tree: syntax.SyntaxTree | None
    module: Module | None = None
    """What the file binds, with the files that it imports: there even if something is wrong."""

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def check(
    source: Source,
    catalogue: Catalogue,
    *,
    root: Path,
    params: Sequence[str] = (),
    read_import: Read = read,
    parse: Parse = parse,
    observer: Observer | None = None,
) -> Checked:
    """Check a source with values for its params, as `name=value` from the command line.

    `read_import` reads the files that it imports: an editor gives what it holds in place of what is stored, and a
    `parse` that knows what it has parsed before. An observer is told what each part of the file means.
    """
    tree, diagnostics = parse(source)
    broken = bool(diagnostics)
    bound, found = module(tree, catalogue)
    diagnostics = [*names_missing(diagnostics, catalogue), *found]
    bound, found = with_imports(bound, catalogue, root, read_import, parse)
    diagnostics += found
    given, found = given_params(bound, params)
    diagnostics += found
    program, whole, found = resolved(bound, catalogue, root, given, observer=observer)
    diagnostics += found
    # An unknown name may be a misspelt one, which then only seems to be unused.
    unknown = any(diagnostic.is_error and diagnostic.code.startswith("L02") for diagnostic in diagnostics)
    if not broken and not bound.broken and not unknown:
        diagnostics += unused(bound, catalogue, given)
    if program is not None:
        whole = whole and not any(diagnostic.is_error for diagnostic in diagnostics)
        # What is wrong between two declarations is said though a third one is broken.
        diagnostics += [*(nothing_to_run(program) if whole else ()), *catalogue.rules(program, whole)]
    failed = any(diagnostic.is_error for diagnostic in diagnostics)
    return Checked(None if failed else program, in_order(diagnostics, source), tree, bound)


def check_file(
    path: Path,
    catalogue: Catalogue,
    *,
    root: Path | None = None,
    params: Sequence[str] = (),
    shown_name: str | None = None,
) -> Checked:
    """Read a file and check it; its project's root is found unless it is given."""
    source, diagnostics = read(path, shown_name or str(path))
    if source is None:
        return Checked(None, diagnostics, None)
    checked = check(source, catalogue, root=root or find_root(path), params=params)
    program = checked.program if not diagnostics else None
    return Checked(program, [*diagnostics, *checked.diagnostics], checked.tree, checked.module)


def find_root(file: Path) -> Path:
    """Find a file's project: the nearest folder at or above it that is marked as one, else its own folder."""
    folder = file.absolute().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _MARKS):
            return candidate
    return folder


def in_order(diagnostics: list[Diagnostic], source: Source) -> list[Diagnostic]:
    """Sort diagnostics by their places: what is in no file, then this file, then those that it imports.

    What is wrong in a file however it is imported is said once.
    """
    files = {source: 0}

    def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
        span = diagnostic.span
        if span is None or (span.source.path is None and span.source is not source):
            return (-1, 0, 0)
        return (files.setdefault(span.source, len(files)), span.start, span.end)

    said: set[object] = set()
    unique = []
    unparsed = {one.span and (one.span.source, one.span.start) for one in diagnostics if one.code == "L0101"}
    for one in sorted(diagnostics, key=place):
        if one.code == "L0301" and one.span and (one.span.source, one.span.start) in unparsed:
            # A block without `=` and a name before it is no map that was meant.
            continue
        key = (one.code, one.span, str(one.message))
        if one.span is None or one.span.source is source or key not in said:
            unique.append(one)
        said.add(key)
    return unique


def given_params(bound: Module, params: Sequence[str]) -> tuple[dict[str, syntax.Expression], list[Diagnostic]]:
    """Parse values for params from the command line."""
    given: dict[str, syntax.Expression] = {}
    seen: dict[str, Source] = {}
    diagnostics: list[Diagnostic] = []
    known = [name for name, node in bound.names.items() if isinstance(node, syntax.Param)]
    for text in params:
        whole = Source(COMMAND_LINE, text)
        written, equals, value = text.partition("=")
        name = unicodedata.normalize("NFC", written.strip())
        if not equals or not name:
            help = Text("L0214.help")
            diagnostics.append(Diagnostic("L0214", Text("L0214", {"text": text}), whole.whole, helps=(help,)))
        elif name in seen:
            labels = (Label(seen[name].whole, Text("label.first", {"name": name})),)
            diagnostics.append(Diagnostic("L0213", Text("L0213", {"name": name}), whole.whole, labels=labels))
        elif name not in known:
            seen[name] = whole
            if name in bound.lost:
                continue
            diagnostics.append(_unknown_param(bound, name, whole, known))
        else:
            seen[name] = whole
            expression, found = parse_expression(Source(COMMAND_LINE, value))
            diagnostics += found
            given[name] = expression or syntax.Broken(whole.whole)
    return given, diagnostics


def _unknown_param(bound: Module, name: str, whole: Source, known: list[str]) -> Diagnostic:
    span = Span(whole, 0, whole.text.index("="))
    helps, _ = suggest(name, known)
    notes: tuple[Text, ...] = (Text("L0222.params", {"names": known}),) if known else (Text("L0222.none"),)
    labels: tuple[Label, ...] = ()
    if name.partition(".")[0] in bound.imports:
        notes = (Text("L0222.imported"),)
    if name in bound.names:
        labels = (Label(bound.names[name].name.span, Text("L0222.not_param", {"name": name})),)
    message = Text("L0222", {"name": name})
    return Diagnostic("L0222", message, span, labels=labels, helps=helps, notes=notes)
