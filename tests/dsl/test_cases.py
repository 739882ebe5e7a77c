"""The language by example: one file a case in `cases/`, with what llx says of it written at its end.

A case is a file of the language. Lines that start with `#! ` at its end are what `llx check` must say, in
English; `LLX_UPDATE_CASES=1` writes them anew (read the difference before you commit it). If the first line is
`#! syntax`, the file is only parsed, and lines that start with `#= ` show the tree, every operation in brackets.
If it is `#! params a=1 …`, these are given from outside.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.parser import parse
from llx.dsl.source import Source

from .fake import FakeCatalogue
from .golden import PARAMS, Case, compare, described
from .printing import print_statement

CASES = sorted((Path(__file__).parent / "cases").rglob("*.llx"))


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
    compare(case, said)


def test_there_are_cases() -> None:
    assert len(CASES) >= 30
