"""A run as its events tell it, for the listeners and the report."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.runtime.events import (
    Event,
    Note,
    RunFinished,
    RunStarted,
    Step,
    TaskFailedEvent,
    TaskFinished,
    TaskLine,
    TaskProgress,
    TaskStarted,
    Validated,
)

START = 1_790_000_000.0


def line(label: str, kind: str, stored: bool = False, depth: int = 0) -> TaskLine:
    return TaskLine(f"fp-{label}", label, kind, f"{kind}-component", "a summary", stored, (), depth)


@pytest.fixture
def story() -> list[Event]:
    """Give the events of a run: two tasks stored, a stage of 40 steps, an eval with a matrix."""
    novels = line("novels", "data", stored=True)
    shards = line("novels · bpe", "tokens", stored=True, depth=1)
    stage = line("pretrain", "stage")
    scores = line("scores", "eval")
    events: list[Event] = [
        RunStarted(
            "20260921-a1",
            "reviews",
            "reviews.llx",
            "/project",
            {"lr": 3e-4},
            (novels, shards, stage, scores),
            time=START,
        ),
        TaskStarted(stage, time=START + 1),
        Note(stage.fingerprint, Text("cli.line.running"), time=START + 1),
    ]
    for step in range(1, 41):
        loss = 2 + 3 * math.exp(-step / 12)
        at = START + 1 + step * 2
        figures = {"loss": loss, "lr": 6e-4 * step / 40, "tokens_per_second": 48_100.0}
        events += [
            Step(stage.fingerprint, step, figures, time=at),
            TaskProgress(stage.fingerprint, step, 40, {}, time=at),
        ]
        if step % 10 == 0:
            figures = {"validation_loss": loss + 0.1}
            events.append(Validated(stage.fingerprint, step, figures, best=step == 30, time=at))
    facts = {
        "metrics": {"accuracy": 0.82, "macro_f1": 0.79},
        "references": {"accuracy": 0.5},
        "confusion": {"labels": ["bad", "<good>"], "counts": [[40, 10], [8, 42]]},
    }
    facts |= {
        "intervals": {"accuracy": [0.74, 0.89]},
        "calibration": {"error": 0.11, "bins": [[0.55, 0.5, 10], [0.97, 0.83, 90]]},
        "mistakes": [
            {"record": 6, "text": "<b>not</b> bad\x1b[31m", "label": "<good>", "prediction": "bad", "score": 0.98}
        ],
    }
    samples = {"loss": 2.2, "steps": 40, "samples": ["Once upon a <b>time</b>"]}
    events += [
        TaskFinished(stage, 82.0, samples, time=START + 83),
        TaskStarted(scores, time=START + 83),
        TaskFinished(scores, 3.25, facts, time=START + 86),
        RunFinished("20260921-a1", "finished", 86.0, 2, 2, time=START + 86),
    ]
    return events


@pytest.fixture
def failure(story: list[Event]) -> list[Event]:
    """Give the events of a run whose stage fails at its tenth step."""
    at = next(i for i, event in enumerate(story) if isinstance(event, Step) and event.step == 10)
    started = next(event for event in story if isinstance(event, TaskStarted))
    wrong = Diagnostic("L0899", Text("cli.line.failed"), None)
    return [
        *story[:at],
        TaskFailedEvent(started.task, wrong, time=START + 21),
        RunFinished("20260921-a1", "failed", 21.0, 0, 2, time=START + 21),
    ]


PLUGIN = '''
"""A plugin whose tasks take no time."""
import json
from typing import Any, ClassVar
from llx.plugins.api import Artifact, DataTask, Evaluation, Export, Field, Rows, TaskFailed, hookimpl


class Numbers(DataTask):
    """Count from one to a number."""
    name: ClassVar[str] = "numbers"
    positional: ClassVar[tuple[str, ...]] = ("upto",)
    upto: int = Field(gt=0, description="The last number")

    @property
    def columns(self) -> tuple[str, ...]:
        return ("text",)

    def run(self, work: Any) -> Any:
        (work.directory / "numbers.json").write_text(json.dumps(list(range(self.upto))))
        return {"rows": self.upto}


class Mean(Evaluation):
    """Take the mean."""
    name: ClassVar[str] = "mean"
    positional: ClassVar[tuple[str, ...]] = ("data",)
    data: Rows = Field(description="Of what")
    fail: bool = Field(False, description="Whether it fails")
    crash: bool = Field(False, description="Whether it crashes")

    def outputs(self) -> dict[str, Artifact]:
        return {"mean": Artifact("number")}

    def run(self, work: Any) -> Any:
        if self.fail:
            raise TaskFailed("lab:1", {"field": "fail"}, field="fail", help="lab:1.help")
        if self.crash:
            raise RuntimeError("a bug\\x1b[31m")
        numbers = json.loads((work.input(self.data).directory / "numbers.json").read_text())
        work.progress(1, 2)
        facts = {"metrics": {"mean": sum(numbers) / len(numbers)}, "references": {"mean": 1.0}}
        return facts | {"samples": [{"prompt": "one", "text": " two"}]}


class Folder(Export):
    """Copy the numbers."""
    name: ClassVar[str] = "folder"
    positional: ClassVar[tuple[str, ...]] = ("data",)
    data: Rows = Field(description="What")

    def run(self, work: Any) -> Any:
        (work.directory / "out.json").write_text("[]")
        return {}


@hookimpl
def llx_components() -> Any:
    return [Numbers, Mean, Folder]


@hookimpl
def llx_messages(language: str) -> Any:
    return {"lab:1": "it was told to fail by `{field}`", "lab:1.help": "tell it otherwise"}


@hookimpl
def llx_report_sections(run: Any) -> Any:
    return [("From the lab", f"<p>{run['experiment']} of the lab</p>")]


@hookimpl
def llx_commands(group: Any) -> None:
    import click

    @group.command("lab")
    def lab() -> int:
        """Do what labs do."""
        click.echo("in the lab")
        return 0
'''

EXPERIMENT = """## Numbers of the lab.
experiment lab {}
use llx-lab >= 0.2
param upto = 5
param fail = false
## What is counted.
data few = lab.numbers(upto)
eval average = lab.mean(few, fail = fail)
"""


@dataclass
class Project:
    """A project with a plugin, in which commands are run."""

    root: Path
    capsys: pytest.CaptureFixture[str]
    file: str = "lab.llx"

    def write(self, text: str, name: str = "lab.llx") -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def llx(self, *args: str) -> tuple[int, str, str]:
        """Run a command, and give its exit code and what it wrote on stdout and stderr."""
        from llx.runtime.cli.main import main

        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(args))
        written = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in written.err + written.out
        return ended.value.code, written.out, written.err


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Project]:
    site, root = tmp_path / "site", tmp_path / "project"
    about = site / "llx_lab-0.2.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: llx-lab\nVersion: 0.2\nSummary: A lab.\n")
    (about / "entry_points.txt").write_text("[llx]\nlab = llx_lab_plugin\n")
    (site / "llx_lab_plugin.py").write_text(PLUGIN)
    (root / ".llx").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(root)
    monkeypatch.setenv("LLX_LANG", "en")
    monkeypatch.delenv("LLX_STORE", raising=False)
    monkeypatch.delenv("LLX_TRACEBACK", raising=False)
    made = Project(root, capsys)
    made.write(EXPERIMENT)
    yield made
    from llx.runtime.cli.main import llx

    llx.commands.clear()
    sys.modules.pop("llx_lab_plugin", None)
    os.environ.pop("LLX_TRACEBACK", None)
