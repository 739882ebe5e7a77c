"""The ledger lists runs, and costs nothing but the list when it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.runtime.events import Bus, RunFinished, RunStarted, TaskFailedEvent, TaskFinished, TaskLine, TaskStarted
from llx.runtime.ledger import NAME, Ledger, numbers
from llx.runtime.report.record import read_record
from llx.runtime.run_folder import RunFolder


def line(label: str, stored: bool) -> TaskLine:
    return TaskLine(label * 4, label, "stage", "train", "", stored, ())


def tell(ledger: Ledger, run: str, at: float, file: str = "a.llx") -> None:
    bus = Bus()
    bus.add(ledger.listener())
    a, b, c = line("a", True), line("b", False), line("c", False)
    bus(RunStarted(run, "lab", file, "/root", {"lr": 0.1}, (a, b, c), time=at))
    bus(TaskStarted(b))
    bus(TaskFinished(b, 2.5, {"loss": 1.5, "metrics": {"accuracy": 0.7}, "text": "no", "yes": True}))
    bus(TaskFailedEvent(c, Diagnostic("L0810", Text("L0810"), None)))
    bus(RunFinished(run, "failed", 3.0, 1, 1, time=at + 3))
    assert not bus.dropped


def test_a_run_is_written_down_with_its_tasks_and_numbers(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    tell(ledger, "20260101-1", 100.0)
    tell(ledger, "20260102-2", 200.0, file="b.llx")
    assert [run.id for run in ledger.runs()] == ["20260102-2", "20260101-1"]
    assert [run.id for run in ledger.runs(file="a.llx")] == ["20260101-1"]
    run = ledger.run("20260101")
    assert run is not None
    assert (run.state, run.ended, dict(run.params)) == ("failed", 103.0, {"lr": 0.1})
    assert {task.label: task.state for task in ledger.tasks(run.id)} == {"a": "stored", "b": "ran", "c": "failed"}
    assert ledger.metrics(run.id) == {"b": {"accuracy": 0.7, "loss": 1.5}}


def test_a_beginning_that_is_of_two_runs_is_none(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    tell(ledger, "20260101-1", 100.0)
    tell(ledger, "20260101-2", 200.0)
    assert ledger.run("20260101") is None
    assert ledger.run("2026%") is None
    assert ledger.run("_0260101-1") is None


def test_a_damaged_ledger_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database at all" * 100)
    ledger = Ledger(tmp_path)
    assert ledger.runs() == []
    tell(ledger, "r", 1.0)
    assert len(list(tmp_path.glob(f"{NAME}.damaged-*"))) == 1


def test_numbers_are_those_at_the_top_and_the_metrics() -> None:
    assert numbers({"a": 1, "b": True, "c": "x", "metrics": {"d": 2.5, "e": None}}) == {"a": 1.0, "d": 2.5}


def test_two_ledgers_write_side_by_side(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path), Ledger(tmp_path)
    tell(one, "x1", 1.0)
    tell(two, "x2", 2.0)
    assert len(one.runs()) == len(two.runs()) == 2


@pytest.mark.parametrize("limit", [1, 2])
def test_the_latest_come_first(tmp_path: Path, limit: int) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        tell(ledger, f"r{number}", float(number))
    assert [run.id for run in ledger.runs(limit)] == ["r2", "r1"][:limit]


def test_a_run_whose_record_nobody_holds_was_killed(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "experiment lab {}")
    ledger = Ledger(tmp_path)
    ledger.listener()(RunStarted(folder.id, "lab", "a.llx", "/root", {}, ()))
    with folder.open_events():
        assert ledger.runs()[0].state == "running"
        assert read_record(folder.path).state == "running"
    assert ledger.runs()[0].state == "killed"
    assert read_record(folder.path).state == "killed"


def test_a_listener_that_fails_is_remembered_unless_its_reader_left() -> None:
    def gone(event: object) -> None:
        raise BrokenPipeError

    def broken(event: object) -> None:
        raise ValueError("no")

    bus = Bus()
    bus.add(gone)
    bus.add(broken)
    for _ in range(2):
        bus(RunFinished("r", "finished", 1.0, 1, 1))
    assert bus.listeners == []
    assert [listener for listener, _ in bus.dropped] == [broken]
