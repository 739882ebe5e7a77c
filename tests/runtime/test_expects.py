"""What a file expects is judged after the run, and fails it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import llx
import pytest
from llx.dsl.diagnostics.words import render
from llx.runtime.ledger import Ledger
from llx.runtime.messages import en_expects, ja_expects
from llx.runtime.report.page import page
from llx.runtime.report.record import read_record

TEXT = """
param least: int = 1
data books = text("books/*.txt") |> clean(min_chars = least)
tokenizer letters = characters(books)
tokenizer others  = characters(books, vocab_size = 260)
expect enough = books.rows >= 2 and letters.vocab_size > 250 + least
expect larger = letters.vocab_size > others.vocab_size * 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "one.txt").write_text("It was a dark and stormy night.", encoding="utf-8")
    (tmp_path / "books" / "two.txt").write_text("吾輩は猫である。", encoding="utf-8")
    path = tmp_path / "tiny.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_tasks_that_it_names_are_run_and_it_is_judged(file: Path) -> None:
    result = llx.run(file)
    assert {name: one.state for name, one in result.expects.items()} == {"enough": "met", "larger": "failed"}
    assert set(result.tasks) >= {"books", "letters", "others"}
    assert (result.state, result.ok, result.exit_code) == ("failed", False, 1)
    size = result["letters"].facts["vocab_size"]
    assert result.expects["enough"].shown == f"books.rows 2 >= 2 and letters.vocab_size {size} > 251"
    (diagnostic,) = result.diagnostics
    assert (diagnostic.code, diagnostic.span and diagnostic.span.text) == ("L0850", "larger")
    assert (
        render(diagnostic.message, "en") == f"`larger` is not so: letters.vocab_size {size} > others.vocab_size 260 * 2"
    )
    assert [label.span.text for label in diagnostic.labels] == ["letters.vocab_size", "others.vocab_size"]


def test_it_is_judged_again_when_all_is_stored(file: Path) -> None:
    assert llx.run(file).exit_code == 1
    again = llx.run(file)
    assert (again.ran, again.exit_code, again.state) == (0, 1, "failed")
    assert [one.code for one in again.diagnostics] == ["L0850"]
    file.write_text(TEXT.replace("* 2", "- 9"), encoding="utf-8")
    mended = llx.run(file)
    assert (mended.ran, mended.exit_code, mended.state) == (0, 0, "finished"), "another expectation reruns nothing"


def test_a_stored_run_judges_without_torch(file: Path) -> None:
    llx.run(file)
    code = (
        "import sys, llx\n"
        f"result = llx.run({str(file)!r})\n"
        "assert result.expects['larger'].failed\n"
        "print({'torch', 'numpy', 'pyarrow', 'tokenizers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_only_narrows_what_is_judged(file: Path) -> None:
    assert list(llx.run(file, only=["larger"]).expects) == ["larger"]
    assert list(llx.run(file, only=["letters", "others"]).expects) == ["larger"]
    result = llx.run(file, only=["letters"])
    assert (result.expects, result.exit_code) == ({}, 0)


def test_one_whose_task_failed_has_no_value(file: Path) -> None:
    result = llx.run(file, least=1000)
    assert result.expects["enough"].state == "failed"
    reason = result.expects["enough"].reason
    assert reason is not None
    assert render(reason, "en") == "the task `books` is not there"
    assert "L0850" not in [one.code for one in result.diagnostics], "the failure of the task says it all"


def test_a_key_that_is_not_there_is_named(file: Path) -> None:
    # What only the run knows: keys that no type lists.
    from llx.dsl.types import Artifact
    from llx.runtime import expects
    from llx.runtime.face import check

    checked = check(file)
    assert checked.program is not None
    formula = checked.program.expects["larger"].formula
    output = formula.outputs[0]
    reference = type(output.reference)(output.reference.task, "by_group", Artifact("numbers"))
    keyed = type(output)(reference, ("f",), 'scores.by_group["f"]', output.span)
    result = llx.plan(file)
    assert result.plan is not None
    for facts, key in (({"by_group": {"m": 1, "F": 2}}, "expect.key"), ({}, "expect.no_keys")):
        found = expects.value_of(result.plan.graph, keyed, lambda node, facts=facts: facts)
        assert found.reason.key == key
    assert expects.value_of(result.plan.graph, keyed, lambda node: {"by_group": {"f": "NaN"}}) != 0
    assert expects.value_of(result.plan.graph, keyed, lambda node: {"metrics": {"by_group": {"f": 0.5}}}) == 0.5


def test_it_is_recorded_everywhere(file: Path) -> None:
    result = llx.run(file)
    assert result.folder is not None
    lines = (result.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    judged = [event for event in map(json.loads, lines) if event.get("event") == "judged"]
    assert [(event["name"], event["state"]) for event in judged] == [("enough", "met"), ("larger", "failed")]
    with closing(Ledger(file.parent / ".llx")) as ledger:
        assert ledger.expects(result.id)["larger"]["state"] == "failed"
        run = ledger.run(result.id)
        assert run is not None
        assert run.state == "failed"
    html = page(read_record(result.folder))
    assert result.expects["larger"].shown.replace(">", "&gt;") in html


def test_close_numbers_are_shown_so_that_they_differ(file: Path) -> None:
    from llx.runtime.expects import show

    checked = llx.check(file)
    assert checked.program is not None
    formula = checked.program.expects["larger"].formula
    values = {"letters.vocab_size": 1.40000001, "others.vocab_size": 0.7}
    assert show(formula, values, True) == "letters.vocab_size 1.40000001 > others.vocab_size 0.7 * 2"
    values = {"letters.vocab_size": 1.5, "others.vocab_size": 0.7}
    assert show(formula, values, True) == "letters.vocab_size 1.500 > others.vocab_size 0.7000 * 2"


def test_both_languages_say_the_same() -> None:
    assert en_expects.MESSAGES.keys() == ja_expects.MESSAGES.keys()
