"""check, plan and run from Python, on real files of the language; tasks here need no torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llx
import pytest
from llx.runtime import gc
from llx.runtime.face import open_store
from llx.runtime.literals import literal
from llx.runtime.records import Records

TEXT = """
experiment tiny { seed = 3 }
param least: int = 1
data books = text("books/*.txt") |> clean(min_chars = least)
tokenizer letters = characters(books)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "one.txt").write_text("It was a dark and stormy night.", encoding="utf-8")
    (tmp_path / "books" / "two.txt").write_text("吾輩は猫である。", encoding="utf-8")
    path = tmp_path / "tiny.llx"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_check_gives_the_program_or_what_is_wrong(file: Path) -> None:
    checked = llx.check(file, least=5)
    assert checked.ok
    assert checked.program is not None
    assert checked.program.params["least"].value == 5
    wrong = llx.check(file, unknown=5)
    assert not wrong.ok
    assert wrong.program is None
    assert wrong.exit_code == 1
    assert llx.check(file.with_name("none.llx")).diagnostics[0].code == "L0651"


def test_a_run_gives_what_it_made_and_the_second_does_nothing(file: Path) -> None:
    first = llx.run(file, only=["letters"])
    assert (first.state, first.exit_code, first.ran) == ("finished", 0, 3)
    assert first["letters"].facts["vocab_size"] > 10
    assert (first["letters"].path / "tokenizer.json").exists()
    assert first.folder is not None
    events = [json.loads(line) for line in (first.folder / "events.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [event["event"] for event in events[1:]][0] == "run_started"
    assert events[-1]["event"] == "run_finished"
    assert (first.folder / "experiment.llx").read_text(encoding="utf-8") == TEXT
    before = {path: path.stat().st_mtime_ns for path in (file.parent / ".llx").rglob("*")}
    second = llx.run(file, only=["letters"])
    assert (second.state, second.ran, second.id) == ("finished", 0, "")
    assert second.folder == first.folder
    assert not second["letters"].ran
    after = {path: path.stat().st_mtime_ns for path in (file.parent / ".llx").rglob("*")}
    assert {path for path in after if before.get(path) != after[path]} <= {
        file.parent / ".llx" / "digests.json",
        file.parent / ".llx",
    }


def test_nothing_is_freed_under_a_stored_run(file: Path) -> None:
    store = open_store(llx.run(file, only=["letters"]).checked.root)
    tried = []

    def listeners(folder: object) -> list[Any]:
        with pytest.raises(gc.Busy):
            gc.collect(store, gc.survey(store))
        tried.append(folder)
        return []

    assert llx.run(file, only=["letters"], listeners=listeners).state == "finished"
    assert tried == [None]
    gc.collect(store, gc.survey(store))


def test_a_plan_shows_reasons_from_the_file(file: Path) -> None:
    llx.run(file, only=["letters"])
    planned = llx.plan(file, only=["letters"], least=20)
    reasons = {task.label: [(text.key, dict(text.values)) for text in task.reasons] for task in planned.tasks}
    change = {"field": "least", "old": "1", "new": "20", "place": "tiny.llx:3"}
    assert reasons["books"] == [("plan.changed_at", change)]
    assert reasons["letters"] == [("plan.needs", {"label": "books"})]
    assert [task.stored for task in planned.tasks] == [True, False, False]


def test_comments_layout_and_renaming_rerun_nothing(file: Path) -> None:
    llx.run(file, only=["letters"])
    text = TEXT.replace("books =", "novels   =\n  # which ones?\n ").replace(
        "characters(books)", "characters( novels )"
    )
    file.write_text(f"## A title\n{text.replace('letters', 'signs')}", encoding="utf-8")
    planned = llx.plan(file, only=["signs"])
    assert planned.plan is not None
    assert planned.plan.is_done, planned.tasks


def test_an_added_file_reruns_what_reads_it(file: Path) -> None:
    llx.run(file, only=["letters"])
    (file.parent / "books" / "three.txt").write_text("More of it.", encoding="utf-8")
    planned = llx.plan(file, only=["letters"])
    assert [(text.key, text.values["file"]) for text in planned.tasks[0].reasons] == [
        ("plan.file_new", "books/three.txt")
    ]


def test_an_unknown_name_is_a_diagnostic_with_the_similar_one(file: Path) -> None:
    result = llx.run(file, only=["leters"])
    (diagnostic,) = (one for one in result.diagnostics if one.is_error)
    assert diagnostic.code == "L0811"
    assert "a similar name exists: `letters`" in str(result)
    assert not (file.parent / ".llx").exists()


def test_only_takes_one_name_too(file: Path) -> None:
    result = llx.run(file, only="books")
    assert result.ok, str(result)
    assert set(result.tasks) == {"books · text", "books"}


def test_results_are_shown_for_people(file: Path) -> None:
    wrong = llx.check(file, unknown=5)
    assert "error[L0222]: there is no param `unknown`" in str(wrong)
    assert repr(wrong) == f"<CheckResult {file}: 1 error>"
    assert str(llx.plan(file, only="letters")).endswith(f"{file}: 3 tasks, 0 stored")
    result = llx.run(file, only="letters")
    assert str(result).endswith(f"{file}: finished, 3 tasks ran, 3 are stored")
    with pytest.raises(KeyError, match="there are: books · text, books, letters"):
        result["leters"]
    assert {"check", "plan", "run"} <= set(dir(llx))


def test_a_file_that_cannot_be_read_is_named_with_its_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import digests

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(digests, "sha256", refuse)
    result = llx.run(file, only=["letters"])
    diagnostic = result.diagnostics[-1]
    assert diagnostic.code == "L0816"
    assert diagnostic.span is not None
    assert diagnostic.span.line == 4


def test_a_store_elsewhere(
    file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("store")
    assert llx.run(file, only=["letters"], store=elsewhere).ok
    assert not (file.parent / ".llx").exists()
    monkeypatch.setenv("LLX_STORE", str(elsewhere))
    assert open_store(file.parent).folder == elsewhere
    assert llx.run(file, only=["letters"]).ran == 0


def test_a_store_that_is_a_file_is_told_of(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    result = llx.run(file, only=["letters"], store=tmp_path / "taken")
    assert [one.code for one in result.diagnostics if one.is_error] == ["L0815"]
    assert result.exit_code == 1


def test_a_full_disk_has_an_exit_code_of_its_own(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import maker

    monkeypatch.setattr(maker, "free_bytes", lambda _: 0)
    assert llx.run(file, only=["letters"]).exit_code == 3


def test_a_listener_that_fails_is_left_out_with_a_warning(file: Path) -> None:
    def broken(event: object) -> None:
        raise ValueError("a bad listener")

    result = llx.run(file, only=["letters"], listeners=lambda folder: [broken])
    assert result.ok
    assert [one.code for one in result.diagnostics if one.code == "L0827"] == ["L0827"]


def test_the_record_of_a_killed_run_is_no_obstacle(file: Path) -> None:
    llx.run(file, only=["letters"])
    for path in (file.parent / ".llx" / "records").iterdir():
        path.write_text("{", encoding="utf-8")
    assert llx.run(file, only=["letters"]).ran == 0
    record = Records(file.parent / ".llx" / "records").read("tiny.llx")
    assert set(record.tasks) == {"books · text", "books", "letters"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (1e-4, "0.0001"),
        (True, "true"),
        (None, "none"),
        ('a "b" ${c}', '"a \\"b\\" \\u{24}{c}"'),
        ([1, "x"], '[1, "x"]'),
    ],
)
def test_python_values_are_written_in_the_language(value: object, text: str) -> None:
    assert literal(value) == text


def test_a_value_without_a_literal_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        literal(object())


def test_a_stored_run_imports_nothing_heavy(file: Path) -> None:
    llx.run(file, only=["letters"])
    code = (
        f"import llx, sys\nassert llx.run({str(file)!r}, only=['letters']).ran == 0\n"
        "print(sorted({'torch', 'numpy', 'sqlite3', 'pyarrow', 'tokenizers', 'concurrent.futures'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert done.stdout == "[]\n", done.stderr


def test_a_file_that_is_no_text_of_the_language_runs_nothing(file: Path) -> None:
    file.write_text("data books = text(", encoding="utf-8")
    result = llx.run(file)
    assert (result.state, result.exit_code, result.tasks) == ("failed", 1, {})
    assert result.diagnostics


def test_a_model_too_large_is_refused_before_anything_runs(file: Path) -> None:
    file.write_text(
        TEXT
        + """
model huge = decoder { layers = 1000, hidden_size = 8192, heads = 8, context_length = 64 }
stage pretrain = train {
  model = huge
  tokenizer = letters
  data = books
  objective = causal_lm
  budget = 1 steps
}
""",
        encoding="utf-8",
    )
    planned = llx.plan(file)
    refused = [one for one in planned.diagnostics if one.code == "L0818"]
    assert len(refused) == 1
    assert refused[0].span is not None
    assert refused[0].span.text.startswith("decoder")
    result = llx.run(file)
    assert [one.code for one in result.diagnostics if one.is_error] == ["L0818"]
    assert result.id == ""
