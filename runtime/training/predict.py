"""Applies a stored checkpoint to texts: predictions for records that nobody labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ...dsl.program import Reference
from ...plugins.builtin.tokens import open_tokenizer
from ...plugins.component import Facts, TaskFailed
from ...plugins.tasks import Trained
from ...plugins.values import Batch, Encoding
from ...plugins.work import Work
from .build import stored_network
from .device import choose_device, torch_settings
from .loader import tensors, to_device
from .memory import told_if_memory_runs_out
from .order import key
from .precision import autocast, choose_precision

BATCH = 64
"""Rows that go through the model at once."""


def predict(
    checkpoint: Reference, given: Sequence[Mapping[str, str]], work: Work
) -> tuple[list[Mapping[str, Any]], Facts]:
    """Give what the objective predicts for each record, in order, and the facts of the checkpoint (its label set).

    A record holds the columns that the objective reads, but for those that are `supplied` (the label).
    """
    task = checkpoint.task
    assert isinstance(task, Trained), "only such tasks put out checkpoints"
    model, objective = task.described_model(), task.described_objective()
    device = choose_device(work.settings.get("device"))
    dtype = choose_precision(work.settings.get("precision"), device)
    with torch_settings(work.settings), told_if_memory_runs_out(BATCH):
        trained = work.input(checkpoint)
        folder = trained.directory / trained.output
        assert objective is not None, "the caller asked what it gives"
        network, stored = stored_network(model, objective, folder, task.described_adapter())
        values = {"objective": objective.name, "given": stored.facts.get("objective")}
        predicts = objective.predicts
        if network is None or predicts is None:
            raise TaskFailed("L0806", values, help="L0806.help")
        network.to(device).eval()
        blank = predicts.blank(stored.facts)
        records = [{**blank, **record, "_record": i} for i, record in enumerate(given)]
        encoding = objective.encoding(model.shape)
        rows = list(encoding.rows(records, open_tokenizer(folder), stored.facts["roles"], stored.facts))
        guesses: list[tuple[Mapping[str, Any], Any]] = []
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            random = np.random.Generator(np.random.Philox(key=key(0, "predict", start)))
            batch = objective.prepare(stacked(some, encoding), random, stored.facts)
            with torch.no_grad(), autocast(device, dtype):
                predicted = predicts.predict(network, to_device(tensors(batch, [slice(None)])[0], device))
            scalars = [name for name, array in encoding.arrays().items() if not array.shape]
            guesses += [({name: row[name] for name in scalars}, one) for row, one in zip(some, predicted, strict=True)]
        return list(predicts.join(guesses, stored.facts, records)), stored.facts


def stacked(rows: Sequence[Mapping[str, Any]], encoding: Encoding) -> Batch:
    """Put rows together into arrays, those of a length of their own padded with 0 to the longest."""
    batch: Batch = {}
    for name, array in encoding.arrays().items():
        values = [np.asarray(row[name]) for row in rows]
        longest = np.max([value.shape for value in values], axis=0) if array.shape else ()
        integers = array.dtype == "token" or np.issubdtype(np.dtype(array.dtype), np.integer)
        whole = np.zeros((len(values), *longest), dtype=np.int64 if integers else array.dtype)
        for index, value in enumerate(values):
            place: Any = (index, *(slice(size) for size in value.shape))
            whole[place] = value
        batch[name] = whole
    return batch
