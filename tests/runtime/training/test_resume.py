"""Whatever a training remembers, interrupted ones end with the bits of one that never was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.optimizer.adafactor import Adafactor
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.optimizer.lion import Lion
from llx.plugins.builtin.optimizer.muon import Muon
from llx.plugins.builtin.optimizer.sgd import SGD
from llx.plugins.builtin.schedule.reduce_on_plateau import ReduceOnPlateau
from llx.plugins.work import Interrupted
from llx.runtime.events import Event, Step
from llx.runtime.files import sha256
from llx.runtime.training import train
from small import small_job

RESULTS = ("best/model.safetensors", "last/model.safetensors")
CASES: dict[str, dict[str, Any]] = {
    "muon": {"optimizer": Muon(lr=0.003)},
    "lion": {"optimizer": Lion(lr=0.001)},
    "adafactor": {"optimizer": Adafactor(lr=0.02)},
    "sgd": {"optimizer": SGD(lr=0.3, nesterov=True, groups={"*embedding*": {"lr": 0.1}})},
    "muon-ema": {"optimizer": Muon(lr=0.003), "ema": 0.9},
    "ema": {"ema": 0.9, "validate": Quantity(3, "steps"), "clip_value": 0.01},
    "swa-dropped": {"swa": 0.4, "token_dropout": 0.2, "validate": Quantity(3, "steps")},
    "fp16": {"settings": {"precision": "fp16"}},
    "bf16-selective": {"settings": {"precision": "bf16"}, "activation_checkpointing": "selective"},
    "offload": {"offload": True, "optimizer": SGD(lr=0.3, groups={"*embedding*": {"lr": 0.1}})},
    "frozen": {"freeze": ["embedding", "body.blocks.0"], "ema": 0.9},
    "unfrozen": {"unfreeze": Quantity(5, "steps"), "optimizer": AdamW(lr=0.01, layer_decay=0.8), "swa": 0.4},
    "unfrozen-offload": {"unfreeze": Quantity(5, "steps"), "optimizer": Muon(lr=0.01), "offload": True, "ema": 0.9},
    "plateau": {"schedule": ReduceOnPlateau(patience=1), "optimizer": SGD(lr=1.0)},
}


def trained(root: Path, stops: int, job: dict[str, Any], settings: dict[str, Any]) -> tuple[Any, list[Event]]:
    """Train, interrupted so many times; gives facts, digests and the events."""
    root.mkdir()
    events: list[Event] = []
    project, made = small_job(root, **({"budget": [Quantity(20, "steps")]} | job))
    project.work.settings = {**project.work.settings, **settings}
    for _ in range(stops):
        project.work.fresh()
        project.work.polls, project.work.stop_after = 0, 6
        with pytest.raises(Interrupted):
            train(made, project.work, events.append)
    project.work.fresh()
    project.work.stop_after = None
    facts = train(made, project.work, events.append)
    assert project.work.progress.said().count("training.resumed") == stops
    return (facts, [sha256(root / "out" / name) for name in RESULTS]), events


@pytest.mark.parametrize("name", CASES)
def test_an_interrupted_run_equals_an_uninterrupted_one(tmp_path: Path, name: str) -> None:
    settings = CASES[name].get("settings", {})
    job = {field: value for field, value in CASES[name].items() if field != "settings"}
    whole, _ = trained(tmp_path / "whole", 0, job, settings)
    parts, _ = trained(tmp_path / "parts", 2, job, settings)
    assert parts == whole
    losses = [line[2] for line in whole[0]["curve"]]
    assert min(losses[1:]) < losses[0], "something was learned"


def test_the_learning_rate_falls_once_validations_get_no_better(tmp_path: Path) -> None:
    job = {
        "schedule": ReduceOnPlateau(patience=1, shrink=0.1),
        "optimizer": SGD(lr=1e-9),
        "validate": Quantity(2, "steps"),
    }
    _, events = trained(tmp_path / "run", 0, job | {"budget": [Quantity(30, "steps")]}, {"precision": "float32"})
    rates = [event.figures["lr"] for event in events if isinstance(event, Step)]
    assert rates[0] > rates[-1]
