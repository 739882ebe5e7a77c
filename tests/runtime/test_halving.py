"""Successive halving: settings are cut on the way, nothing runs twice, and the winner is what it would be alone."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from llx.plugins.halving import rungs_of
from llx.runtime import face
from llx.runtime.cli.plan import page
from llx.runtime.events import Event, Validated
from llx.runtime.gc import survey
from llx.runtime.listeners.comparison import comparison_of
from llx.runtime.results import RunResult
from llx.runtime.store import Store

ROWS = [f"{'sun fine' if n % 2 else 'rain mud'} {n % 7},{'good' if n % 2 else 'bad'}" for n in range(60)]
FILE = """
experiment tried { seed = 5 }
param lr = 1e-2
data corpus = csv("rows.csv", text = "text", label = "label") |> split(validation = 20%)
tokenizer letters = characters(corpus.train)
model small = encoder { layers = 1, hidden_size = 8, heads = 1, context_length = 16, dropout = 10% }
stage learn = train {
  model = small, tokenizer = letters, data = corpus, objective = classification
  optimizer = adamw { lr = lr }, batch = 8 examples, budget = 8 steps, validate = 1 steps
}
"""
SEARCH = "sweep search = grid { over = { lr = [1e-5, 1e-2, 3e-2, 1e-4] }, halving = 2, minimise = learn.loss }\n"
TRIAL = "search(lr={}) · learn"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text("text,label\n" + "\n".join(ROWS) + "\n", encoding="utf-8")
    return written(tmp_path / "f.llx")


def written(path: Path, text: str = SEARCH) -> Path:
    path.write_text(FILE.replace("param lr = 1e-2", "param lr = 5e-3") + text, encoding="utf-8")
    return path


def run(file: Path, events: list[Event] | None = None, **values: Any) -> RunResult:
    return face.run(file, listeners=lambda folder: [] if events is None else [events.append], **values)


def unfinished(store: Store) -> int:
    return sum(piece.reason == "unfinished" for piece in survey(store).pieces)


@pytest.mark.parametrize(
    ("count", "factor", "least", "found"),
    [
        (9, 3, 0.1, [(1 / 9, 3), (1 / 3, 1)]),
        (27, 3, 0.1, [(1 / 9, 9), (1 / 3, 3)]),
        (27, 3, 0.0, [(1 / 27, 9), (1 / 9, 3), (1 / 3, 1)]),
        (10, 10, 0.1, [(1 / 10, 1)]),
        (5, 2, 0.1, [(1 / 4, 2), (1 / 2, 1)]),
        (2, 3, 0.1, []),
        (9, 3, 0.5, []),
    ],
)
def test_rungs(count: int, factor: int, least: float, found: list[tuple[float, int]]) -> None:
    assert rungs_of(count, factor, least) == found


def test_the_best_go_on_and_the_winner_is_what_it_would_be_alone(file: Path, tmp_path: Path) -> None:
    plan = face.plan(file, only=["search"])
    assert plan.plan is not None
    lines = page(plan).splitlines()
    counts = {
        line.split(" × ")[0].split("search · ")[1]: line for line in lines if "search · " in line and " × " in line
    }
    assert "4 to run" in counts["learn · 25%"]
    assert "at most 2 to run" in counts["learn · 50%"]
    assert "at most 1 to run" in counts["learn"]

    result = run(file, only=["search"])
    assert result.ok, str(result)
    found = result["search"].facts["sweep"]
    cut = {trial["params"]["lr"]: trial["cut"] for trial in found["trials"] if "cut" in trial}
    assert sorted(one["share"] for one in cut.values()) == [0.25, 0.25, 0.5]
    assert all(one["value"] >= one["last"] for one in cut.values()), "what goes on is no worse"
    winner = found["trials"][found["winner"]]
    assert winner["params"]["lr"] in {1e-2, 3e-2}, "the others learn nothing in so many steps"
    assert TRIAL.format("1e-05") not in result.tasks
    table = comparison_of(result["search"].facts)
    assert table is not None
    assert [row.rungs for row in table.rows] == [0, 2, 1, 1], "who came further stands further up"
    assert table.rows[2].behind <= table.rows[3].behind
    assert result["search · rung 1"].facts["kept"] == [1, 2]
    assert run(file, only=["search"]).ran == 0

    alone = run(file, only=["learn"], params=[f"lr={winner['params']['lr']}"], store=tmp_path / "alone")
    whole = result[TRIAL.format(winner["params"]["lr"])]
    assert whole.facts["curve"] == alone["learn"].facts["curve"]
    for name in ("best", "last"):
        weights = [one.path / name / "model.safetensors" for one in (whole, alone["learn"])]
        assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_stopped_sweep_goes_on_and_takes_no_step_twice(file: Path) -> None:
    validated: list[Event] = []

    def stops(event: Event) -> None:
        validated.append(event)
        if isinstance(event, Validated) and event.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = face.run(file, only=["search"], listeners=lambda folder: [stops])
    assert stopped.state == "interrupted"
    store = Store(file.parent / ".llx")
    assert unfinished(store) == 0, "a run goes on from there"
    assert run(file, validated, only=["search"]).ok
    assert unfinished(store) == 3, "what was cut keeps its checkpoint until somebody wants the room"
    steps = [event.step for event in validated if isinstance(event, Validated)]
    # Four settings come to step 2, two to step 4, and one to the end.
    assert sorted(steps) == sorted([1, 2] * 4 + [3, 4] * 2 + [5, 6, 7, 8])


def test_a_setting_that_fails_is_cut_and_tried_again(file: Path) -> None:
    text = SEARCH.replace("1e-5", "1e30").replace("minimise = learn.loss", "maximise = scores.accuracy")
    written(file, "eval scores = evaluate(learn.best, data = corpus.validation, metrics = [accuracy])\n" + text)
    for _ in range(2):
        result = run(file, only=["search"])
        assert result.ok, str(result)
        assert "failure" in result["search"].facts["sweep"]["trials"][0]
        assert [one.code for one in result.diagnostics].count("L0591") == 1
    assert [task.label for task in result.tasks.values() if task.ran] == [
        "search · rung 1",
        "search · rung 2",
        "search",
    ]


@pytest.mark.parametrize(
    ("text", "change", "code"),
    [
        (SEARCH.replace("halving = 2", "halving = 5"), ("", ""), "L0798"),
        (SEARCH.replace("halving = 2", "min_budget = 20%"), ("", ""), "L0798.alone"),
        (
            SEARCH.replace("learn.loss", "learn.loss + other.loss") + "stage other = learn with { clip = 2.0 }",
            ("", ""),
            "L0798.stage",
        ),
        (
            SEARCH.replace("minimise = learn.loss", "maximise = scores.accuracy")
            + "eval scores = evaluate(learn.best, data = corpus, metrics = [accuracy])\n",
            (" |> split(validation = 20%)", ""),
            "L0798.validation",
        ),
        (SEARCH, ("budget = 8 steps", "budget = 10 min"), "L0799"),
        (SEARCH, ("validate = 1 steps", "validate = 3 steps"), "L0799.validate"),
    ],
)
def test_what_cant_be_cut_is_found_at_check(file: Path, text: str, change: tuple[str, str], code: str) -> None:
    written(file, text)
    file.write_text(
        file.read_text()
        .replace(*change)
        .replace("corpus.train", "corpus" if change[0].startswith(" |>") else "corpus.train")
    )
    found = [one.message.key for one in face.check(file).diagnostics if one.is_error]
    assert found == [code]


def test_why_says_where_a_trial_was_cut() -> None:
    from llx.plugins.halving import cut_text
    from llx.runtime.words import say_text

    cut = {"share": 1 / 9, "value": 0.69314, "last": 0.5}
    assert say_text(cut_text(cut)) == "cut at 11% of the budget: 0.6931, behind 0.5 of the last that went on"
