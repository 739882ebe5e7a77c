"""What a run says in a pipe, in a terminal, as JSON, and to TensorBoard."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from llx.runtime.events import Event, RunFinished, Sampled, Step, TaskFinished, TaskProgress
from llx.runtime.listeners.closing import results
from llx.runtime.listeners.facts import metrics_of
from llx.runtime.listeners.figures import count, duration, value
from llx.runtime.listeners.json_lines import FORMAT, JsonLines
from llx.runtime.listeners.lines import Lines
from llx.runtime.listeners.state import RunState, TaskState
from llx.runtime.listeners.tensorboard import TensorBoard, folder_name
from llx.runtime.listeners.terminal import Terminal
from rich.console import Console


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "en")


def told(events: list[Event]) -> list[str]:
    stream, state = io.StringIO(), RunState()
    lines = Lines(stream, state)
    for event in events:
        state(event)
        lines(event)
    return stream.getvalue().splitlines()


def test_plain_lines_name_the_run_each_task_and_the_end(story: list[Event]) -> None:
    lines = told(story)
    assert lines[0] == "reviews: 4 tasks, 2 stored, 2 to run (run 20260921-a1)"
    assert lines[1] == "[3/4] stage pretrain: started"
    assert lines[-2] == "[4/4] eval scores: finished in 3.2 s"
    assert lines[-1] == "Finished in 1 min 26 s: 2 tasks ran, 2 stored."


def test_a_line_about_training_comes_every_ten_seconds(story: list[Event]) -> None:
    between = [line for line in told(story) if "loss" in line]
    assert 7 <= len(between) <= 9
    assert "lr" in between[0]
    assert "48.1k tokens/s" in between[0]
    assert " left" in between[1]


def test_a_failure_is_told(failure: list[Event]) -> None:
    lines = told(failure)
    assert lines[-2] == "[3/4] stage pretrain: failed"
    assert lines[-1].startswith("Failed after 21 s.")


def test_time_left_follows_the_pace(story: list[Event]) -> None:
    state = RunState()
    now = 0.0
    for event in story:
        state(event)
        now = event.time
        if isinstance(event, TaskProgress) and event.done == 30:
            break
    assert state.tasks["fp-pretrain"].left(now) == pytest.approx(20)
    assert state.tasks["fp-pretrain"].share == 0.75


def test_time_left_counts_from_where_a_resumed_task_began(story: list[Event]) -> None:
    state = RunState()
    for event in story[:2]:
        state(event)
    task = state.tasks["fp-pretrain"]
    for done in (900, 950):
        state(TaskProgress("fp-pretrain", done, 1000, {}, time=float(done)))
    assert task.left(950.0) == pytest.approx(50)


def test_json_lines_hold_every_event(story: list[Event]) -> None:
    stream = io.StringIO()
    listener = JsonLines(stream, progress_every=0.5)
    for event in story:
        listener(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0]["format"] == FORMAT
    assert len(lines) == len(story) + 1
    assert [line["event"] for line in lines[1:3]] == ["run_started", "task_started"]
    assert lines[1]["tasks"][0]["label"] == "novels"
    assert lines[3]["text"]["text"] == "running"


def test_a_record_leaves_progress_out_and_keeps_what_is_not_finite() -> None:
    stream = io.StringIO()
    listener = JsonLines(stream)
    listener(TaskProgress("x", 1, 2, {}))
    listener(Step("x", 3, {"loss": float("nan"), "norm": float("inf")}))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[1])["figures"] == {"loss": "NaN", "norm": "Infinity"}


def test_the_terminal_shows_each_task_with_its_state(story: list[Event]) -> None:
    state = RunState()
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40, color_system=None)
    terminal = Terminal(state, console)
    middle = next(i for i, event in enumerate(story) if isinstance(event, Step) and event.step == 20)
    for event in story[: middle + 2]:
        state(event)
    with console.capture() as capture:
        console.print(terminal.picture())
    shown = capture.get().splitlines()
    assert [line.split()[0] for line in shown] == ["✓", "✓", "▶", "·"]
    assert "50%" in shown[2]
    assert "step 20" in shown[2]
    assert "waiting" in shown[3]


def test_the_terminal_folds_what_does_not_fit(story: list[Event]) -> None:
    state = RunState()
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=7, color_system=None)
    for event in story[:2]:
        state(event)
    with console.capture() as capture:
        console.print(Terminal(state, console).picture())
    assert "pretrain" in capture.get()
    small = Console(file=io.StringIO(), force_terminal=True, width=120, height=1, color_system=None)
    stored = state.tasks["fp-novels"]
    more = [replace(stored.line, fingerprint=f"more-{i}") for i in range(8)]
    state.tasks |= {line.fingerprint: TaskState(line, "stored") for line in more}
    with small.capture() as capture:
        small.print(Terminal(state, small).picture())
    assert "pretrain" in capture.get()
    assert "and 8 more" in capture.get()


def test_a_run_in_a_terminal_ends_with_the_summary(story: list[Event]) -> None:
    stream = io.StringIO()
    state = RunState()
    terminal = Terminal(state, Console(file=stream, force_terminal=True, width=100, height=40, color_system=None))
    for event in story:
        state(event)
        terminal(event)
    assert "Finished in 1 min 26 s" in stream.getvalue()
    assert "1 min 22 s" in stream.getvalue()


def test_tensorboard_reads_back_what_was_written(story: list[Event], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    listener = TensorBoard(tmp_path)
    for event in story:
        listener(event)
    read = EventAccumulator(str(tmp_path / "pretrain"))
    read.Reload()
    steps = read.Scalars("train/loss")
    assert [scalar.step for scalar in steps] == list(range(1, 41))
    assert [scalar.step for scalar in read.Scalars("validation/loss")] == [10, 20, 30, 40]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pretrain", "scores"]


def test_tensorboard_has_the_ends_of_an_interval(story: list[Event], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    facts = {
        "metrics": {"accuracy": 0.75, "loss": 0.5},
        "intervals": {"accuracy": [0.5, 1.0]},
        "references": {"accuracy": 0.25},
    }
    listener = TensorBoard(tmp_path)
    for event in story:
        listener(replace(event, facts=facts) if isinstance(event, TaskFinished) else event)
    read = EventAccumulator(str(tmp_path / "scores"))
    read.Reload()
    tags = {tag: read.Scalars(tag)[0].value for tag in read.Tags()["scalars"]}
    accuracy = {"accuracy/value": 0.75, "accuracy/low": 0.5, "accuracy/high": 1.0, "accuracy/to_beat": 0.25}
    assert tags == accuracy | {"loss/value": 0.5}


def test_samples_are_texts_in_every_place(story: list[Event], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = [*story[:20], Sampled("fp-pretrain", 20, (("吾輩は", "猫\n\x1b[31mで"),)), *story[20:]]
    assert "[3/4] stage pretrain: step 20: 吾輩は猫 <U+001B>[31mで" in told(events)
    stream, tensorboard = io.StringIO(), TensorBoard(tmp_path)
    written = JsonLines(stream)
    for event in events:
        tensorboard(event)
        written(event)
    [line] = [line for line in map(json.loads, stream.getvalue().splitlines()) if line.get("event") == "sampled"]
    assert line["samples"] == [["吾輩は", "猫\n\x1b[31mで"]]
    read = EventAccumulator(str(tmp_path / "pretrain"))
    read.Reload()
    [text] = read.Tensors("samples/1")
    assert text.step == 20
    assert text.tensor_proto.string_val[0].decode() == "**吾輩は**猫\n\x1b[31mで"


@pytest.mark.parametrize(("label", "folder"), [("小説 · bpe", "小説_bpe"), ("../..", "stage"), ("a/b", "a_b")])
def test_a_label_becomes_a_folder_that_stays_inside(label: str, folder: str) -> None:
    assert folder_name(label) == folder


def test_numbers_are_written_for_people() -> None:
    assert [count(n) for n in (812, 48_100, 23_312_000, 350e6)] == ["812", "48.1k", "23.3M", "350M"]
    assert [duration(s) for s in (3.24, 34, 84, 5100, 90000)] == [
        "3.2 s",
        "34 s",
        "1 min 24 s",
        "1 h 25 min",
        "1 d 1 h",
    ]
    assert [value(n) for n in (3.2, 0.71234, 12.345, 6e-4, 12345.0, float("nan"))] == [
        "3.200", "0.7123", "12.35", "0.0006", "12,345", "nan",
    ]  # fmt: skip


def test_an_interrupted_run_leaves_no_task_running(story: list[Event]) -> None:
    state = RunState()
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40, color_system=None)
    for event in [*story[:12], RunFinished("20260921-a1", "interrupted", 9.0, 0, 2)]:
        state(event)
    with console.capture() as capture:
        console.print(Terminal(state, console).picture())
    stage = capture.get().splitlines()[2]
    assert "▶" not in stage
    assert "stopped" in stage


@pytest.mark.parametrize(
    ("better", "given", "title", "verdict"),
    [
        ("higher", 0.6, "score ↑", "✓"),
        ("higher", 0.5, "score ↑", "✗"),
        ("lower", 0.4, "score ↓", "✓"),
        ("lower", 0.6, "score ↓", "✗"),
        (None, 0.6, "score", ""),
    ],
)
def test_results_say_which_way_is_better(better: str | None, given: float, title: str, verdict: str) -> None:
    facts = {"metrics": {"score": given}, "references": {"score": 0.5}, "better": {"score": better}}
    (one,) = metrics_of(facts)
    assert (one.title, one.verdict) == (title, verdict)
    head, row = results([("scores", facts)])
    assert row.split() == ["scores", *title.split(), value(given), "0.5000", *verdict]
    assert head.index("to beat") + len("to beat") == row.rindex("0.5000") + len("0.5000")
