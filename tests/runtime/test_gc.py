"""What is freed is what no last run of an existing file needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine_lab import Count, Lab, Scale, Steps, Words
from llx.runtime import gc
from llx.runtime.locks import beside_others, claim, reading


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "a.txt").write_text("one two three", encoding="utf-8")
    for name in ("a.llx", "b.llx"):
        (tmp_path / name).write_text("", encoding="utf-8")
    return Lab(tmp_path)


def experiment(lab: Lab, factor: float, file: str = "a.llx") -> Any:
    words = Words(file="a.txt")
    return lab.program({"words": words, "total": Count(source=words.default(), scale=Scale(factor=factor))}, file=file)


def test_what_the_last_run_of_a_file_needs_is_kept(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    lab.run(experiment(lab, 3.0))
    lab.run(experiment(lab, 4.0, file="b.llx"))
    found = gc.survey(lab.store)
    assert [(piece.label, piece.reason) for piece in found.pieces] == [("total", "unused")]
    assert found.kept == 4
    assert gc.collect(lab.store, found) == found.size > 0
    assert lab.plan(experiment(lab, 3.0)).is_done
    assert lab.plan(experiment(lab, 4.0, file="b.llx")).is_done
    assert not lab.plan(experiment(lab, 2.0)).is_done


def test_a_deleted_file_keeps_nothing(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    lab.run(experiment(lab, 4.0, file="b.llx"))
    (lab.root / "b.llx").unlink()
    assert [piece.label for piece in gc.survey(lab.store).pieces] == ["total"]
    (lab.root / "a.llx").unlink()
    assert len(gc.survey(lab.store).pieces) == 4


def test_damage_is_found_and_freed(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    total = lab.plan(experiment(lab, 2.0)).graph.final[0]
    path = lab.store.place(total.fingerprint) / "words.txt"
    path.write_text("9" * path.stat().st_size, encoding="utf-8")
    assert [(damage.fingerprint, damage.what) for damage in gc.verify(lab.store)] == [(total.fingerprint, "words.txt")]
    path.unlink()
    assert [piece.reason for piece in gc.survey(lab.store).pieces] == ["damaged"]


def test_unfinished_work_goes_unless_somebody_holds_it(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    old, live = (lab.store.partial / (digit * 40) for digit in "ab")
    for folder in (old, live):
        (folder / "kept").mkdir(parents=True)
        (folder / "kept" / "step").write_text("12345", encoding="utf-8")
    held = claim(live)
    gc.collect(lab.store, gc.survey(lab.store))
    assert not old.exists()
    assert (live / "kept" / "step").exists()
    assert held is not None
    held.release(finished=False)


def test_nothing_goes_while_a_run_uses_the_store(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    with beside_others(lab.store.folder), pytest.raises(gc.Busy):
        gc.collect(lab.store, gc.survey(lab.store))
    with beside_others(lab.store.folder), beside_others(lab.store.folder), reading(lab.store.folder):
        pass


def test_what_was_run_since_the_survey_is_kept(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    lab.run(experiment(lab, 3.0))
    found = gc.survey(lab.store)
    assert [piece.label for piece in found.pieces] == ["total"]
    lab.run(experiment(lab, 2.0))
    assert gc.collect(lab.store, found) == 0
    assert lab.plan(experiment(lab, 2.0)).is_done


def test_nothing_goes_while_somebody_reads(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    with reading(lab.store.folder), pytest.raises(gc.Busy):
        gc.collect(lab.store, gc.survey(lab.store))
    gc.collect(lab.store, gc.survey(lab.store))
    with reading(lab.root / "nowhere"):
        assert not (lab.root / "nowhere").exists()


def test_what_an_interrupted_run_saved_is_kept(lab: Lab) -> None:
    from llx.runtime.events import RunStarted, TaskLine
    from llx.runtime.ledger import Ledger

    lab.run(experiment(lab, 2.0))
    plan = lab.plan(lab.program({"slow": Steps()}))
    line: TaskLine = plan.tasks[0].line()
    kept = lab.store.partial / line.fingerprint / "kept"
    kept.mkdir(parents=True)
    (kept / "done").write_text("1 2", encoding="utf-8")
    Ledger(lab.store.folder).listener()(RunStarted("run", "lab", "a.llx", str(lab.root), {}, (line,)))
    assert gc.survey(lab.store).pieces == []


def test_what_smoke_runs_made_can_go(lab: Lab) -> None:
    lab.run(experiment(lab, 2.0))
    corner = Lab(lab.root, lab.store.folder / "smoke")
    corner.run(experiment(lab, 2.0))
    found = gc.survey(lab.store)
    assert [(piece.label, piece.reason) for piece in found.pieces] == [("smoke", "smoke")]
    with beside_others(corner.store.folder):
        assert gc.collect(lab.store, found) == 0
    assert gc.collect(lab.store, found) == found.size > 0
    assert not corner.store.folder.exists()
    assert lab.plan(experiment(lab, 2.0)).is_done
