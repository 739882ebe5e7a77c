"""The language by example: one file a case in `cases/`, with what llx says of it written at its end.

A case is a file of the language. Lines that start with `#! ` at its end are what `llx check` must say, in
English; `LLX_UPDATE_CASES=1` writes them anew (read the difference before you commit it). If the first line is
`#! syntax`, the file is only parsed, and lines that start with `#= ` show the tree, every operation in brackets.
If it is `#! params a=1 …`, these are given from outside.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.words import render
from llx.dsl.parser import parse
from llx.dsl.source import Source

from .fake import FakeCatalogue
from .printing import print_statement

CASES = sorted((Path(__file__).parent / "cases").rglob("*.llx"))
SYNTAX = "#! syntax\n"
PARAMS = "#! params "


@dataclass(frozen=True)
class Case:
    """A case: the text that is checked, and what is said of it."""

    path: Path
    text: str
    expected: str

    @classmethod
    def read(cls, path: Path) -> Case:
        lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
        end = len(lines)
        while end > 1 and lines[end - 1].startswith(("#! ", "#= ")):
            end -= 1
        return cls(path, "".join(lines[:end]), "".join(lines[end:]))

    @property
    def only_syntax(self) -> bool:
        return self.text.startswith(SYNTAX)


def described(diagnostic: Diagnostic) -> str:
    """Write a diagnostic as a case holds it."""
    span = diagnostic.span
    place = f"{span.line}:{span.column} {span.text.split(chr(10))[0][:40]!r} " if span else ""
    lines = [f"{diagnostic.code} {place}{render(diagnostic.message, 'en')}"]
    if diagnostic.label:
        lines.append(f"  label {render(diagnostic.label, 'en')}")
    lines += [
        f"  label {label.span.line}:{label.span.column} {render(label.text, 'en')}" for label in diagnostic.labels
    ]
    lines += [f"  help {render(text, 'en')}" for text in diagnostic.helps]
    lines += [f"  note {render(text, 'en')}" for text in diagnostic.notes]
    for fix in diagnostic.fixes:
        sure = "" if fix.certain else " perhaps"
        lines.append(f"  fix{sure} {fix.span.line}:{fix.span.column} {fix.span.text!r} -> {fix.replacement!r}")
    return "".join(f"#! {line}\n" for line in lines)


def parsed(case: Case) -> str:
    """Parse a case: its statements, and what is wrong with it."""
    tree, diagnostics = parse(Source(case.path.name, case.text, case.path))
    shown = []
    for statement in tree.statements:
        doc = getattr(statement, "doc", "")
        shown.append(f"#= {print_statement(statement)}{f'  ## {doc!r}' if doc else ''}\n")
    if tree.lost:
        shown.append(f"#= lost: {', '.join(sorted(tree.lost))}\n")
    return "".join(shown) + "".join(map(described, diagnostics))


def checked(case: Case) -> str:
    """Check a case in full, with the components of the fake catalogue and the files beside the case."""
    first = case.text.split("\n", 1)[0]
    params = shlex.split(first.removeprefix(PARAMS)) if first.startswith(PARAMS) else []
    source = Source(case.path.name, case.text, case.path)
    result = check(source, FakeCatalogue(), root=case.path.parent, params=params)
    return "".join(map(described, result.diagnostics))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = Case.read(path)
    said = parsed(case) if case.only_syntax else checked(case)
    if os.environ.get("LLX_UPDATE_CASES"):
        path.write_bytes((case.text + said).encode("utf-8"))
    else:
        assert said == case.expected


def test_there_are_cases() -> None:
    assert len(CASES) >= 30
