"""Batches of as many tokens, cut into micro-batches that take as much room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from llx.dsl.quantities import Quantity
from llx.runtime.training.loader import Batches
from llx.runtime.training.setup import Setup
from llx.runtime.training.train import train
from small import small_classification


def test_micro_batches_of_short_rows_hold_more_of_them(tmp_path: Path) -> None:
    project, job = small_classification(tmp_path, batch=Quantity(256, "tokens"), micro_batch=3)
    setup = Setup(job, project.work)
    order, lengths = setup.order, setup.reader.lengths
    assert lengths is not None
    assert setup.spread is not None
    batches = Batches(setup.reader, order, setup.seed, setup.micro_batch)
    folds = set()
    for step in range(int(order.steps_per_epoch)):
        ready = batches.batch(step)
        assert np.concatenate([part["label"] for part in ready.parts]).shape == ready.rows.shape
        assert all(part["tokens"].numel() <= 3 * lengths.longest for part in ready.parts)
        folds.add(ready.fold)
    assert len(folds) > 1, "rows differ in length"
    project, job = small_classification(tmp_path / "whole", batch=Quantity(256, "tokens"))
    whole = Setup(job, project.work)
    batches = Batches(whole.reader, whole.order, whole.seed, whole.micro_batch)
    steps = int(whole.order.steps_per_epoch)
    assert {len(batches.batch(step).parts) for step in range(steps)} == {1}, "memory holds all of them at once"


def test_tokens_are_counted_as_they_are_read(tmp_path: Path) -> None:
    changed = {"batch": Quantity(256, "tokens"), "budget": [Quantity(2, "epochs")]}
    project, job = small_classification(tmp_path, **changed)
    setup = Setup(job, project.work)
    assert setup.reader.lengths is not None
    facts = train(job, project.work, lambda event: None)
    assert facts["epochs"] == 2
    assert facts["tokens"] == 2 * setup.reader.lengths.tokens.sum()
    assert facts["tokens"] / facts["steps"] <= 256
    assert 0 < facts["padding"] < 0.5
