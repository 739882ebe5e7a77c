"""The time that an experiment gives to a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import llx
import pytest
from llx.plugins.api import Work
from llx.plugins.builtin.tokenizer.characters import Characters

TEXT = """
experiment tiny { budget = 2 s }
data books = text("a.txt")
tokenizer letters = characters(books)
expect some = letters.vocab_size > 0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("It was a dark and stormy night.", encoding="utf-8")
    path = tmp_path / "tiny.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def slow(self: Characters, work: Work) -> dict[str, Any]:
    for number in range(1000):
        work.progress(number, 1000)
        time.sleep(0.02)
    return {}


def test_a_run_that_takes_too_long_saves_and_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Characters, "run", slow)
        started = time.monotonic()
        result = llx.run(file)
        assert time.monotonic() - started < 15
    assert (result.state, result.exit_code, result.expects) == ("interrupted", 130, {})
    (diagnostic,) = result.diagnostics
    assert (diagnostic.code, diagnostic.span and diagnostic.span.text) == ("L0852", "2 s")
    assert "books" in result.tasks, "what had finished is stored"
    again = llx.run(file)
    assert (again.state, again.ran) == ("finished", 1)


def test_it_changes_no_result_and_a_smoke_run_has_its_own_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(TEXT.replace("2 s", "1 h"), encoding="utf-8")
    assert llx.run(file).ok
    file.write_text(TEXT.replace("2 s", "3 h"), encoding="utf-8")
    assert llx.run(file).ran == 0
    file.write_text(TEXT.replace("2 s", "0.000001 s"), encoding="utf-8")
    assert llx.run(file, mode="smoke").ok


def test_only_time_is_a_budget_of_a_run(file: Path) -> None:
    file.write_text(TEXT.replace("2 s", "3 epochs"), encoding="utf-8")
    assert [one.code for one in llx.check(file).diagnostics] == ["L0303"]
