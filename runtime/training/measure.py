"""What a network does on rows that it doesn't learn from: the sums and predictions that metrics are computed of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ...plugins.component import Facts
from ...plugins.nn.network import Network
from ...plugins.values import Objective
from ...plugins.work import Outcome
from .loader import Reader, tensors, to_device
from .order import Indices, key
from .precision import autocast

_SEED = 0
"""Of what is drawn for a measurement (masks): fixed, so that two measurements differ in the weights alone."""


def measure(
    network: Network,
    objective: Objective,
    reader: Reader,
    batch: int,
    device: torch.device,
    dtype: torch.dtype,
    *,
    predict: bool,
    targets: bool = False,
    between: Callable[[int], None] = lambda rows: None,
) -> Outcome:
    """Go once through all rows, without dropout and in a fixed order.

    `batch` rows go through at once. `predict` asks for joined predictions, `targets` for the counts of what was
    to be predicted. `between` is called after each batch with the number of rows seen.
    """
    counted: Counter[int] = Counter()
    sums: dict[str, Any] = {}
    count = 0.0
    predictions: list[tuple[Mapping[str, Any], Any]] = []
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            seen = 0
            for number, rows in enumerate(_batches(reader, batch)):
                prepared = reader.prepared(rows, key(_SEED, "measure", number))
                count += float(objective.count(prepared))
                if targets and (wanted := objective.targets(prepared)) is not None:
                    ids, times = np.unique(wanted, return_counts=True)
                    counted.update(dict(zip(ids.tolist(), times.tolist(), strict=True)))
                moved = to_device(tensors(prepared, len(rows))[0], device)
                with autocast(device, dtype):
                    loss, parts = objective.loss(network, moved)
                    guesses = objective.predict(network, moved) if predict else None
                for name, value in {"loss": loss, **parts}.items():
                    sums[name] = sums.get(name, 0) + value.detach().to(_wide(device))
                if guesses is not None:
                    predictions.extend(zip(_scalars(reader, rows), guesses, strict=True))
                seen += len(rows)
                between(seen)
    finally:
        network.train(training)
    return Outcome(
        sums={name: float(value) for name, value in sums.items()} | {"count": count, "rows": float(len(reader.shards))},
        records=objective.join(predictions, reader.facts) if predictions else [],
        targets=dict(counted) if targets else None,
        facts=reader.facts,
    )


def split_facts(facts: Facts, split: str, training: Facts | None = None) -> Facts:
    """Give the facts of one split: those of the tokens, its numbers, and those of training under `train`."""
    return {**facts, **facts["splits"][split], "train": training if training is not None else facts}


def mean_loss(outcome: Outcome) -> float:
    """Give the loss a token, row, or whatever the objective counts."""
    return outcome.sums["loss"] / (outcome.sums["count"] or 1.0)


def _batches(reader: Reader, size: int) -> Iterator[Indices]:
    """Give all rows in batches, rows of like length together so that little is padding."""
    rows = np.arange(len(reader.shards), dtype=np.int64)
    if reader.lengths is not None:
        rows = np.argsort(reader.lengths, kind="stable")
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _scalars(reader: Reader, rows: Indices) -> list[dict[str, Any]]:
    """Give the scalar arrays of each row."""
    columns = reader.shards.scalar_values(rows)
    if not columns:
        return [{} for _ in rows]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _wide(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64
