"""Each task runs once, after what it needs, and again only for a reason."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from engine_lab import Big, Count, Fails, Lab, Scale, Ship, Steps, Words
from llx.runtime.events import Note, TaskFailedEvent, TaskFinished, TaskStarted


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "a.txt").write_text("one two three", encoding="utf-8")
    (tmp_path / "b.txt").write_text("four five", encoding="utf-8")
    return Lab(tmp_path)


def counting(file: str = "a.txt", factor: float = 2.0) -> dict[str, object]:
    words = Words(file=file)
    return {"words": words, "total": Count(source=words.default(), scale=Scale(factor=factor))}


def test_tasks_run_after_what_they_need_and_only_once(lab: Lab) -> None:
    assert lab.run(lab.program(counting())).state == "finished"
    assert lab.ran() == ["words a.txt", "tokens", "count"]
    finished = [event.task.label for event in lab.events if isinstance(event, TaskFinished)]
    assert finished == ["words", "total · tokens", "total"]
    assert lab.run(lab.program(counting())).ran == []
    assert lab.ran() == []
    artifact = lab.store.open(lab.plan(lab.program(counting())).graph.final[0].fingerprint)
    assert artifact.facts["metrics"] == {"total": 22.0}


def test_a_failure_names_the_place_and_the_way_out(lab: Lab) -> None:
    outcome = lab.run(lab.program({"bad": Fails(how="mend")}))
    (diagnostic,) = outcome.diagnostics
    assert outcome.state == "failed"
    assert outcome.exit_code == 1
    assert diagnostic.code == "L0601"
    assert diagnostic.message.values == {"row": 7}
    assert diagnostic.helps[0].key == "L0601.help"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "mend"
    assert any(isinstance(event, TaskFailedEvent) for event in lab.events)


@pytest.mark.parametrize(
    ("how", "code", "exit_code"),
    [("memory", "L0813", 1), ("full", "L0812", 3), ("exit", "L0810", 1), ("facts", "L0810", 1), ("link", "L0810", 1)],
)
def test_whatever_a_task_raises_is_a_diagnostic(lab: Lab, how: str, code: str, exit_code: int) -> None:
    outcome = lab.run(lab.program({"bad": Fails(how=how)}))
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == [code]
    assert outcome.exit_code == exit_code
    assert list(lab.store.all()) == []
    assert list(lab.store.partial.iterdir()) == []


def test_an_internal_error_keeps_its_traceback_out_of_sight(lab: Lab) -> None:
    outcome = lab.run(lab.program({"bad": Fails(how="")}))
    assert outcome.diagnostics[0].message.values["error"] == "RuntimeError: a mistake of the author"
    assert "engine_lab.py" in outcome.tracebacks[0]


def test_what_is_stored_before_a_failure_stays(lab: Lab) -> None:
    words = Words(file="a.txt")
    bad = Fails(how="mend", source=words.default())
    assert lab.run(lab.program({"words": words, "bad": bad})).state == "failed"
    plan = lab.plan(lab.program({"words": words, "bad": bad}))
    assert lab.states(plan) == {"words": "stored", "bad": "run"}


def test_a_model_too_large_is_refused_before_it_runs(lab: Lab) -> None:
    outcome = lab.run(lab.program({"huge": Big(parameters=10**15)}))
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == ["L0818"]
    assert not any(isinstance(event, TaskStarted) for event in lab.events)


def test_an_interrupted_task_goes_on_from_what_it_kept(lab: Lab) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.15, stop.set)
    timer.start()
    steps = {"slow": Steps(steps=40, pause=0.01)}
    outcome = lab.run(lab.program(steps), stop=stop)
    timer.join()
    assert outcome.state == "interrupted"
    assert outcome.exit_code == 130
    assert [text.key for text in lab.plan(lab.program(steps)).tasks[0].reasons] == ["plan.new", "plan.resumes"]
    assert lab.run(lab.program(steps)).state == "finished"
    (_, artifact), *_ = lab.store.all()
    whole = Lab(lab.root, lab.root / "other")
    whole.run(whole.program(steps))
    (_, expected), *_ = whole.store.all()
    assert artifact.facts["from"] > 0
    assert artifact.facts["value"] == expected.facts["value"]
    assert artifact.files == expected.files


def test_independent_tasks_without_the_device_run_side_by_side(lab: Lab) -> None:
    from engine_lab import Meet

    barrier = threading.Barrier(2)
    Meet.barrier = barrier
    program = lab.program({"one": Meet(number=1), "two": Meet(number=2)})
    assert lab.run(program).state == "finished"


def test_a_file_that_changes_while_it_is_read_spoils_nothing(lab: Lab) -> None:
    from engine_lab import Meddler

    outcome = lab.run(lab.program({"meddler": Meddler(file="a.txt")}))
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == ["L0817"]
    assert list(lab.store.all()) == []


def test_a_damaged_input_is_found_by_its_digest_and_made_again(lab: Lab) -> None:
    lab.run(lab.program(counting()))
    lab.ran()
    plan = lab.plan(lab.program(counting()))
    tokens = next(task for task in plan.tasks if task.node.label == "total · tokens")
    path = lab.store.place(tokens.node.fingerprint) / "tokens.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("5", "6"), encoding="utf-8")
    assert lab.run(lab.program(counting(factor=3.0))).state == "finished"
    assert lab.ran() == ["tokens", "count"]
    assert path.read_text(encoding="utf-8") == "3\n3\n5"
    notes = [event.text.key for event in lab.events if isinstance(event, Note)]
    assert notes == ["run.damaged"]


def test_a_missing_file_of_an_artifact_is_seen_by_the_plan(lab: Lab) -> None:
    lab.run(lab.program(counting()))
    lab.ran()
    plan = lab.plan(lab.program(counting()))
    final = plan.graph.final[0]
    (lab.store.place(final.fingerprint) / "words.txt").unlink()
    again = lab.plan(lab.program(counting()))
    assert [text.key for text in again.tasks[-1].reasons] == ["plan.damaged"]
    assert lab.run(lab.program(counting())).state == "finished"
    assert lab.ran() == ["count"]


def test_a_missing_input_is_made_only_when_something_reads_it(lab: Lab) -> None:
    lab.run(lab.program(counting()))
    plan = lab.plan(lab.program(counting()))
    words = next(task.node for task in plan.tasks if task.node.label == "words")
    lab.store.discard(words.fingerprint)
    assert lab.states(lab.plan(lab.program(counting())))["words"] == "unneeded"
    lab.ran()
    assert lab.run(lab.program(counting())).ran == []
    lab.run(lab.program(counting(factor=4.0)))
    assert lab.ran() == ["words a.txt", "count"]


def test_an_export_is_copied_restored_and_never_touches_other_files(lab: Lab) -> None:
    words = Words(file="a.txt")
    values = {"words": words, "hub": Ship(source=words.default(), to="out/hub")}
    assert lab.run(lab.program(values)).state == "finished"
    target = lab.root / "out" / "hub"
    assert (target / "about" / "size.txt").read_text(encoding="utf-8") == "13"
    (target / "mine.txt").write_text("mine", encoding="utf-8")
    (target / "words.txt").write_text("edited", encoding="utf-8")
    (target / "about" / "size.txt").unlink()
    plan = lab.plan(lab.program(values))
    assert lab.states(plan)["hub"] == "copy"
    lab.ran()
    assert lab.run(lab.program(values)).state == "finished"
    assert lab.ran() == []
    assert (target / "words.txt").read_text(encoding="utf-8") == "one\ntwo\nthree"
    assert (target / "about" / "size.txt").exists()
    assert (target / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_damaged_export_is_made_again_before_it_is_copied(lab: Lab) -> None:
    words = Words(file="a.txt")
    program = lab.program({"words": words, "hub": Ship(source=words.default(), to="out")})
    lab.run(program)
    lab.ran()
    stored = lab.store.place(lab.plan(program).graph.final[0].fingerprint) / "words.txt"
    stored.write_text("ONE\ntwo\nthree", encoding="utf-8")
    (lab.root / "out" / "words.txt").unlink()
    assert lab.run(program).state == "finished"
    assert lab.ran() == ["ship"]
    assert stored.read_text(encoding="utf-8") == "one\ntwo\nthree"
    assert lab.plan(program).to_copy == []
    assert (lab.root / "out" / "words.txt").read_text(encoding="utf-8") == "one\ntwo\nthree"


def test_an_export_refuses_to_replace_a_file_that_it_did_not_write(lab: Lab) -> None:
    (lab.root / "out").mkdir()
    (lab.root / "out" / "words.txt").write_text("a user's", encoding="utf-8")
    words = Words(file="a.txt")
    outcome = lab.run(lab.program({"words": words, "hub": Ship(source=words.default(), to="out")}))
    (diagnostic,) = outcome.diagnostics
    assert diagnostic.code == "L0820"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "out"
    assert (lab.root / "out" / "words.txt").read_text(encoding="utf-8") == "a user's"


def test_an_export_never_follows_a_link_out_of_the_project(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (lab.root / "out").symlink_to(outside)
    words = Words(file="a.txt")
    outcome = lab.run(lab.program({"words": words, "hub": Ship(source=words.default(), to="out/hub")}))
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == ["L0823"]
    assert list(outside.iterdir()) == []


def test_the_places_of_exports_are_looked_at_before_anything_runs(lab: Lab) -> None:
    one, other = Words(file="a.txt"), Words(file="b.txt")
    exports = {name: Ship(source=task.default(), to="out") for name, task in (("first", one), ("second", other))}
    program = lab.program({"one": one, "other": other, **exports, "root": Ship(source=one.default(), to=".")})
    plan = lab.plan(program)
    assert [found.code for found in plan.exports.refusals(plan.graph.final)] == ["L0823", "L0828"]
    assert not (lab.root / "out").exists()


def test_two_exports_of_one_artifact_are_one_task_and_two_copies(lab: Lab) -> None:
    words = Words(file="a.txt")
    first, second = (Ship(source=words.default(), to=to) for to in ("x", "y"))
    lab.run(lab.program({"words": words, "first": first, "second": second}))
    assert lab.ran() == ["words a.txt", "ship"]
    assert (lab.root / "x" / "words.txt").exists()
    assert (lab.root / "y" / "words.txt").exists()


def test_a_store_that_is_deleted_while_it_is_used_is_told_of(lab: Lab) -> None:
    from engine_lab import Deletes

    outcome = lab.run(lab.program({"deletes": Deletes()}))
    assert [diagnostic.code for diagnostic in outcome.diagnostics] == ["L0824"]
    assert lab.run(lab.program(counting())).state == "finished"


def test_a_mistake_in_what_a_task_prepares_is_its_own(lab: Lab) -> None:
    from engine_lab import Unprepared
    from llx.runtime.failures import of_plan
    from llx.runtime.graph import CannotPlan

    program = lab.program({"bad": Unprepared()})
    with pytest.raises(CannotPlan) as failure:
        lab.plan(program)
    diagnostic = of_plan(failure.value, program)
    assert diagnostic.code == "L0810"
    assert diagnostic.message.values == {"label": "bad", "component": "unprepared", "error": "ZeroDivisionError: oh"}
    assert diagnostic.span is not None
