"""The built-in components and rules by example: one file a case in `cases/`, as in tests/dsl/test_cases.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.source import Source
from llx.plugins.registry import Registry

from ..dsl.golden import Case, compare, described

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(path for path in FOLDER.rglob("*.llx") if path.parent.name != "files")


def checked(case: Case) -> str:
    """Check a case with the real components and the files beside it."""
    result = check(Source(case.path.name, case.text, case.path), Registry(), root=FOLDER)
    return "".join(map(described, result.diagnostics))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = Case.read(path)
    compare(case, checked(case))


def test_there_are_cases() -> None:
    assert len(CASES) >= 20
