"""Sweeps run: what is shared runs once, the best trial goes on, failures are kept, and a killed sweep goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import llx.runtime.face as face
import pytest
import sweep_lab
from click.testing import CliRunner
from llx.dsl.diagnostics.model import Text
from llx.runtime.cli.main import llx as main
from llx.runtime.events import Event, PlanChanged, RunStarted, TaskFailedEvent
from llx.runtime.expects import judge
from llx.runtime.graph import Node
from llx.runtime.words import say_text
from sweep_lab import LabRegistry, ran, run, sweep_of, write

SEARCH = "sweep search = grid { over = { x = [1.0, 2.0, 5.0] }, minimise = fit.loss }\n"


@pytest.fixture(autouse=True)
def _lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face, "Registry", LabRegistry)


def test_trials_are_compared_and_what_they_share_runs_once(tmp_path: Path) -> None:
    result = run(tmp_path, SEARCH)
    assert result.ok
    # The trial with x = 1 is the file as it stands.
    assert ran(tmp_path) == ["ground", "parabola 1 0 10", "parabola 2 0 10", "parabola 5 0 10"]
    found = sweep_of(result)
    assert [(row["params"], row["mean"]) for row in found["rows"]] == [({"x": 1}, 6), ({"x": 2}, 3), ({"x": 5}, 6)]
    assert (found["best"], found["winner"], found["better"], found["objective"]) == (1, 1, "lower", "fit.loss")
    assert (result["search"].facts["trials"], result["search"].facts["best"]) == (3, 3.0)
    assert run(tmp_path, SEARCH).ran == 0
    assert ran(tmp_path) == []


def test_only_what_the_objective_needs_runs(tmp_path: Path) -> None:
    text = SEARCH + "audit tall = grow(fit.curve)\n"
    run(tmp_path, text, only="search")
    assert "grow" not in ran(tmp_path)


def test_another_value_runs_alone(tmp_path: Path) -> None:
    run(tmp_path, SEARCH)
    ran(tmp_path)
    assert sweep_of(run(tmp_path, SEARCH.replace("5.0", "5.0, 4.0")))["winner"] == 1
    assert ran(tmp_path) == ["parabola 4 0 10"]


def test_seeds_have_a_mean_and_a_deviation(tmp_path: Path) -> None:
    result = run(tmp_path, SEARCH.replace("minimise", "seeds = 3, maximise"))
    found = sweep_of(result)
    assert [row["mean"] for row in found["rows"]] == pytest.approx([6.1, 3.1, 6.1])
    assert [row["deviation"] for row in found["rows"]] == pytest.approx([0.1, 0.1, 0.1])
    assert found["trials"][found["winner"]] == {"params": {"x": 1}, "seed": 10, "value": 6.0}
    assert len([line for line in ran(tmp_path) if line.startswith("parabola")]) == 9
    assert ran(tmp_path) == []


def test_the_best_trial_goes_on(tmp_path: Path) -> None:
    text = SEARCH + (
        "audit tall = grow(search.best.fit.curve)\n"
        "audit again = search.best.fit with { shift = 100 }\n"
        "expect low = search.best.fit.loss < 4\n"
    )
    events: list[Event] = []
    write(tmp_path, text)
    result = face.run(tmp_path / "lab.llx", listeners=lambda folder: [events.append])
    assert result.ok
    assert result["tall"].facts["height"] == 30
    assert result["again"].facts["loss"] == 103
    assert [verdict.state for verdict in result.expects.values()] == ["met"]
    (started,) = (event for event in events if isinstance(event, RunStarted))
    assert {"waits:tall", "waits:again"} <= {line.fingerprint for line in started.tasks}
    (changed,) = (event for event in events if isinstance(event, PlanChanged))
    assert not any(line.fingerprint.startswith("waits:") for line in changed.tasks)
    ran(tmp_path)
    again = run(tmp_path, text)
    assert again.ran == 0
    assert again["tall"].facts["height"] == 30
    # The best trial written by hand is the same task.
    assert run(tmp_path, text, x=2.0).ran == 0


def test_naming_what_waits_runs_its_sweep(tmp_path: Path) -> None:
    text = SEARCH + "audit tall = grow(search.best.fit.curve)\naudit other = ground(depth = 9)\n"
    result = run(tmp_path, text, only="tall")
    assert result["tall"].facts["height"] == 30
    assert "other" not in result.tasks


def test_a_sweep_builds_on_another(tmp_path: Path) -> None:
    text = SEARCH + (
        "param extra = 0\n"
        "audit next = search.best.fit with { shift = extra }\n"
        "sweep second = grid { over = { extra = [5, 4] }, minimise = next.loss }\n"
        "audit tall = grow(second.best.next.curve)\n"
    )
    result = run(tmp_path, text)
    assert result.ok
    assert result["tall"].facts["height"] == 70
    assert run(tmp_path, text).ran == 0


def test_a_trial_that_fails_is_kept_and_ends_no_other(tmp_path: Path) -> None:
    text = "sweep search = grid { over = { x = [8.0, 2.0] }, minimise = fit.loss }\n"
    events: list[Event] = []
    write(tmp_path, text)
    result = face.run(tmp_path / "lab.llx", listeners=lambda folder: [events.append])
    assert (result.ok, result.exit_code) == (True, 0)
    found = sweep_of(result)
    assert found["winner"] == 1
    assert found["rows"][0]["failed"] == 1
    assert found["trials"][0]["failure"]["key"] == "L0695"
    assert result["search"].facts["failed"] == 1
    (failure,) = (event for event in events if isinstance(event, TaskFailedEvent))
    assert failure.task.label == "search(x=8) · fit"
    assert [(one.code, one.is_error) for one in result.diagnostics if one.code == "L0695"] == [("L0695", False)]
    assert [one.code for one in result.diagnostics if one.code == "L0591"] == ["L0591"]


def test_trials_that_failed_are_tried_again_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "sweep search = grid { over = { x = [8.0, 1.0] }, minimise = fit.loss }\n"
    text += "audit tall = grow(search.best.fit.curve)\n"
    first = run(tmp_path, text)
    assert (sweep_of(first)["winner"], first["tall"].facts["height"]) == (1, 60)
    ran(tmp_path)
    plan = face.plan(tmp_path / "lab.llx")
    assert [line.label for line in plan.tasks if not line.stored] == ["search(x=8) · fit", "search", "tall"]
    second = run(tmp_path, text)
    assert second.exit_code == 0
    assert second["tall"].facts["height"] == 60
    assert ran(tmp_path) == ["parabola 8 0 10"], "it fails once more, and what builds on the best trial is stored"
    # The reason is gone: a failure of the machine, or of a plugin that was mended.
    monkeypatch.setattr(sweep_lab.Parabola, "fails_above", 9)
    third = run(tmp_path, text)
    assert [one.code for one in third.diagnostics] == []
    assert ran(tmp_path) == ["parabola 8 0 10"]
    assert "failed" not in third["search"].facts
    assert run(tmp_path, text).ran == 0
    assert ran(tmp_path) == []


def test_a_cell_with_a_failed_seed_comes_after_whole_ones() -> None:
    from llx.plugins.sweeps import comparison

    failure = {"text": "no"}
    results = [
        {"params": {"x": 1}, "value": 1.0},
        {"params": {"x": 1}, "failure": failure},
        {"params": {"x": 2}, "value": 2.0},
        {"params": {"x": 2}, "value": 4.0},
    ]
    found = comparison(results, "loss", "lower")
    assert (found["best"], found["winner"]) == (1, 2)
    assert found["rows"][1]["deviation"] == pytest.approx(2**0.5)
    assert comparison(results[:2], "loss", "lower")["winner"] == 0
    assert "winner" not in comparison(results[1:2], "loss", "lower")


def test_if_all_trials_fail_so_does_the_sweep(tmp_path: Path) -> None:
    result = run(tmp_path, "sweep search = grid { over = { x = [8.0, 9.0] }, minimise = fit.loss }\n")
    assert (result.state, result.exit_code) == ("failed", 1)
    assert [one.code for one in result.diagnostics if one.is_error] == ["L0572"]


def test_a_failure_that_the_file_itself_asks_for_ends_the_run(tmp_path: Path) -> None:
    result = run(tmp_path, SEARCH, x=8.0)
    assert (result.state, [one.code for one in result.diagnostics]) == ("failed", ["L0695"])


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    write(tmp_path, SEARCH.replace("5.0", "5.0, 4.0"))
    script = [sys.executable, sweep_lab.__file__, str(tmp_path)]
    killed = subprocess.run(script, env=os.environ | {sweep_lab.KILL: "5"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    before = ran(tmp_path)
    assert before[-1].startswith("parabola 5")
    subprocess.run(script, check=True)
    assert ran(tmp_path) == ["parabola 4 0 10", "parabola 5 0 10"], "what had finished is stored"


def test_a_random_sweep_draws_the_same_trials_each_time(tmp_path: Path) -> None:
    text = "sweep search = random { over = { x = uniform(1, 5), shift = [0, 1] }, trials = 4, minimise = fit.loss }\n"
    first = sweep_of(run(tmp_path, text))
    more = sweep_of(run(tmp_path, text.replace("trials = 4", "trials = 6")))
    assert [trial["params"] for trial in more["trials"][:4]] == [trial["params"] for trial in first["trials"]]
    assert len({str(trial["params"]) for trial in more["trials"]}) == 6
    assert all(1 <= trial["params"]["x"] <= 5 for trial in more["trials"])


@pytest.mark.parametrize(("seeds", "title"), [(1, "1 setting"), (2, "1 setting with 2 seeds")])
def test_a_single_setting_is_called_so(tmp_path: Path, seeds: int, title: str) -> None:
    search = f"sweep one = grid {{ over = {{ x = [1.0] }}, seeds = {seeds}, minimise = fit.loss }}\n"
    write(tmp_path, search)
    outcome = CliRunner().invoke(main, ["run", str(tmp_path / "lab.llx")], standalone_mode=False)
    assert f"Trials of one: {title}\n" in outcome.output


def test_the_command_line_shows_trials(tmp_path: Path) -> None:
    text = (
        SEARCH
        + "audit tall = grow(search.best.fit.curve)\nexpect early = search.best.x < 4\nexpect now = fit.loss < 9\n"
    )
    write(tmp_path, text)
    path = str(tmp_path / "lab.llx")
    runner = CliRunner()
    plan = runner.invoke(main, ["plan", path]).output
    assert [line.split()[1] for line in plan.splitlines() if line.split()[:1] == ["expect"]] == ["early", "now"]
    assert "grid  3 trials: 0 stored, 3 to run" in plan
    assert "search · fit × 2" in plan
    assert "waits for the best trial of `search`" in plan
    graph = runner.invoke(main, ["graph", path]).output
    assert "search · fit × 2" in graph
    assert runner.invoke(main, ["graph", path, "--format", "dot"], standalone_mode=False).return_value == 0
    outcome = runner.invoke(main, ["run", path], standalone_mode=False)
    assert outcome.return_value == 0, outcome.output
    assert "Trials of search: 3 settings" in outcome.output
    assert "* 2" in " ".join(outcome.output.split())
    store = str(tmp_path / ".llx")
    assert "Trials of search: 3 settings" in runner.invoke(main, ["show", "--store", store]).output
    (report,) = (tmp_path / ".llx" / "runs").glob("*/report.html")
    html = report.read_text(encoding="utf-8")
    assert "Trials of search" in html
    assert html.count('class="strip') >= 3
    why = runner.invoke(main, ["why", path, "search(x=5) · fit"], standalone_mode=False)
    assert why.return_value == 0, why.output
    assert "2 trials: 2 stored, 0 to run" in runner.invoke(main, ["plan", path]).output


def test_a_run_with_a_failed_trial_fails_only_by_what_is_expected(tmp_path: Path) -> None:
    write(
        tmp_path,
        "sweep search = grid { over = { x = [8.0, 2.0] }, minimise = fit.loss }\nexpect low = search.best.fit.loss < 1\n",
    )
    outcome = CliRunner().invoke(main, ["run", str(tmp_path / "lab.llx")])
    assert "but not all is as expected" in outcome.output
    assert "Failed after" not in outcome.output


def test_a_plan_does_not_call_a_failed_trial_stored(tmp_path: Path) -> None:
    run(tmp_path, "sweep search = grid { over = { x = [8.0, 2.0, 4.0] }, minimise = fit.loss }\n")
    plan = CliRunner().invoke(main, ["plan", str(tmp_path / "lab.llx")]).output
    assert "3 trials: 2 stored, 1 to run" in plan
    assert "tried again" in plan


def test_an_expectation_on_a_sweep_without_a_best_trial_fails_with_the_reason(tmp_path: Path) -> None:
    text = "sweep search = grid { over = { x = [8.0, 9.0] }, minimise = fit.loss }\n"
    result = run(tmp_path, text + "expect low = search.best.fit.loss < 4\n")
    verdict = result.expects["low"]
    assert (verdict.state, verdict.shown) == ("failed", "search.best.fit.loss < 4")
    assert verdict.reason is not None
    assert say_text(verdict.reason) == "`search` came to no best trial"
    assert [one.code for one in result.diagnostics if one.is_error] == ["L0572"], "what is wrong is the sweep"


def test_the_place_of_an_export_that_waits_is_known_at_once(tmp_path: Path) -> None:
    text = SEARCH + 'export hub = copied(search.best.fit.curve, to = ".llx/out")\n'
    write(tmp_path, text)
    found = face.plan(tmp_path / "lab.llx")
    assert [one.code for one in found.diagnostics] == ["L0823"]
    assert ran(tmp_path) == []
    good = run(tmp_path, text.replace(".llx/out", "out"))
    assert good.ok, str(good)
    assert (tmp_path / "out" / "height.txt").read_text(encoding="utf-8") == "3"


def test_a_smoke_run_leaves_open_what_names_the_best_trial(tmp_path: Path) -> None:
    text = SEARCH + "expect chosen = search.best.x == 2\nexpect depth = search.best.fit.loss < 4\n"
    assert run(tmp_path, text).ok
    plan = face.plan(tmp_path / "lab.llx").plan
    assert plan is not None
    cut = Text("expect.cut", {"label": "search"})

    def unknown(node: Node) -> Text | None:
        return cut if node.label == "search" else None

    def facts(node: Node) -> Mapping[str, Any]:
        artifact = plan.store.find(node.fingerprint)
        assert artifact is not None
        return artifact.facts

    verdicts, found = judge(plan.graph, plan.graph.expects, facts, unknown)
    assert [(one.name, one.state, one.shown, one.reason) for one in verdicts] == [
        ("chosen", "open", "search.best.x 2.000 == 2", cut),
        ("depth", "open", "search.best.fit.loss 3.000 < 4", cut),
    ]
    assert found == []
    alone = face.plan(tmp_path / "lab.llx", only="chosen").plan
    assert alone is not None
    assert [node.label for node in alone.graph.final] == ["search"], "what it is judged by is part of the plan"
