"""The programs that are mutated: the examples and the golden cases that the check accepts."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llx.dsl.check import check
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.parser import parse
from llx.dsl.source import Source
from llx.plugins.registry import Registry

from .places import Reading, read

ROOT = Path(__file__).resolve().parents[2]
PARAMS, SYNTAX = "#! params ", "#! syntax\n"


@dataclass
class Subject:
    """A right program, and how to ask what is said of another text in its place."""

    name: str
    reading: Reading
    catalogue: Any
    """What it was checked with, so that it knows what the program uses; None if it is only parsed."""
    ask: Callable[[str], Sequence[Diagnostic]]


def subjects(folder: Path) -> Iterator[Subject]:
    """Give the programs; the examples lie in a folder of their own, with their data."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns(".llx"))
    for path in sorted((folder / "examples").glob("*.llx")):
        yield from _checked(f"examples/{path.name}", path.read_text(encoding="utf-8"), path, path.parent, Registry)
    cases = ROOT / "tests" / "plugins" / "cases"
    for path in sorted(cases.rglob("*.llx")):
        yield from _checked(_name(path), _text(path), path, cases, Registry)
    sys.path.insert(0, str(ROOT / "tests" / "dsl"))
    from fake import FakeCatalogue

    for path in sorted((ROOT / "tests" / "dsl" / "cases").rglob("*.llx")):
        text = _text(path)
        if text.startswith(SYNTAX):
            yield from _parsed(_name(path), text, path)
        else:
            yield from _checked(_name(path), text, path, path.parent, FakeCatalogue)


def _name(path: Path) -> str:
    return path.relative_to(ROOT / "tests").as_posix()


def _text(path: Path) -> str:
    """Give a case's text without what it expects to be said."""
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    while len(lines) > 1 and lines[-1].startswith(("#! ", "#= ")):
        lines.pop()
    return "".join(lines)


def _checked(name: str, text: str, path: Path, root: Path, make: Callable[[], Any]) -> Iterator[Subject]:
    """Give a program that is accepted as it stands."""

    def ask(mutated: str, catalogue: Any = None) -> Sequence[Diagnostic]:
        source = Source(path.name, mutated, path)
        return check(source, catalogue or make(), root=root, params=params).diagnostics

    import shlex

    first = text.split("\n", 1)[0]
    params = shlex.split(first.removeprefix(PARAMS)) if first.startswith(PARAMS) else []
    catalogue = make()
    if not any(one.is_error for one in ask(text, catalogue)):
        yield Subject(name, read(text, catalogue), catalogue, ask)


def _parsed(name: str, text: str, path: Path) -> Iterator[Subject]:
    def ask(mutated: str) -> Sequence[Diagnostic]:
        return parse(Source(path.name, mutated, path))[1]

    if not any(one.is_error for one in ask(text)):
        yield Subject(name, read(text), None, ask)
