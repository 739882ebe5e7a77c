"""What a network does on rows that it doesn't learn from: the sums and predictions that metrics are computed of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ...plugins.builtin.metric.unigram import entropy
from ...plugins.component import Facts
from ...plugins.values import Batch
from ...plugins.work import Outcome
from .learner import Learner
from .loader import Reader, tensors, to_device
from .order import Indices, key
from .precision import autocast
from .rows import Each, RowByRow, row_counts
from .team import Team

_SEED = 0
"""Of what is drawn for a measurement (masks): fixed, so that two measurements differ in the weights alone."""


def measure(
    learner: Learner,
    reader: Reader,
    batch: int,
    device: torch.device,
    dtype: torch.dtype,
    *,
    predict: bool,
    targets: bool = False,
    by_row: bool = False,
    between: Callable[[int], None] = lambda rows: None,
    at_once: int | None = None,
    team: Team | None = None,
) -> Outcome:
    """Go once through all rows, without dropout and in a fixed order.

    What is drawn is drawn for `batch` rows, of which `at_once` go through the model at once. `predict` asks for joined
    predictions, `targets` for the counts of what was to be predicted, `by_row` for the sums of each row, which a
    team doesn't give. `between` is called after each batch with the
    number of rows seen. The ranks of a team share the rows of a batch, unless all of them need the predictions.
    """
    team = team or Team()
    objective, predicts = learner.objective, learner.objective.predicts
    sharing = Team() if predict else team
    counted: Counter[int] = Counter()
    sums: dict[str, Any] = {}
    count = 0.0
    predictions: list[tuple[Mapping[str, Any], Any]] = []
    each = Each(len(reader.shards)) if by_row else None
    wide = torch.float32 if device.type == "mps" else torch.float64
    training = learner.training
    learner.eval()
    try:
        with torch.no_grad():
            seen = 0
            for rows, prepared in _batches(reader, batch):
                count += float(objective.count(prepared))
                if targets and (wanted := objective.targets(prepared)) is not None:
                    _add(counted, wanted)
                size = len(rows) if at_once is None else at_once * reader.fold(rows)
                shares, weights = zip(*sharing.share(len(rows), size), strict=True)
                for share, weight, part in zip(shares, weights, tensors(prepared, shares), strict=True):
                    moved = to_device(part, device)
                    with autocast(device, dtype):
                        if each is None:
                            loss, parts, guesses = learner(moved, predict=predict)
                            summed = {"loss": loss, **parts}
                        else:
                            read = RowByRow(learner.network, moved)
                            losses = read.losses(objective)
                            guesses = predicts.predict(read, moved) if predict and predicts else None
                            each.take(rows[share], losses, row_counts(objective, prepared, share))
                            summed = {name: value.to(wide).sum() for name, value in losses.items()}
                    for name, value in summed.items():
                        # What a network gives for a row that stands in may be no number.
                        own = value.detach().to(wide) if weight else torch.zeros((), dtype=wide, device=device)
                        sums[name] = sums.get(name, 0) + own
                    if guesses is not None:
                        predictions.extend(zip(_scalars(reader, rows[share]), guesses, strict=True))
                seen += len(rows)
                between(seen)
    finally:
        learner.train(training)
    sums = sharing.total(sums)
    return Outcome(
        sums={name: float(value) for name, value in sums.items()} | {"count": count, "rows": float(len(reader.shards))},
        records=predicts.join(predictions, reader.facts, reader.records) if predicts and predictions else [],
        targets=dict(counted) if targets else None,
        facts=reader.facts,
        by_row=each.arrays(reader) if each is not None else {},
    )


def split_facts(facts: Facts, split: str, training: Facts | None = None) -> Facts:
    """Give the facts of one split: those of the tokens, its numbers, and those of training under `train`."""
    return {**facts, **facts["splits"][split], "train": training if training is not None else facts}


def mean_loss(outcome: Outcome) -> float:
    """Give the loss a token, row, or whatever the objective counts."""
    return outcome.sums["loss"] / (outcome.sums["count"] or 1.0)


def trivial_loss(reader: Reader, batch: int) -> float | None:
    """Give the loss of the trivial model on rows: their targets under their own frequencies, whatever stands around them.

    None where the objective's loss isn't one for each target.
    """
    counted: Counter[int] = Counter()
    count = 0.0
    for _, prepared in _batches(reader, batch):
        wanted = reader.objective.targets(prepared)
        if wanted is None:
            return None
        _add(counted, wanted)
        count += float(reader.objective.count(prepared))
    return entropy(counted) if counted and sum(counted.values()) == count else None


def alike(reader: Reader, size: int) -> Iterator[Indices]:
    """Give all rows in batches, rows of like length together so that little is padding."""
    rows = np.arange(len(reader.shards), dtype=np.int64)
    if reader.lengths is not None:
        rows = np.argsort(reader.lengths.rows, kind="stable")
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _batches(reader: Reader, size: int) -> Iterator[tuple[Indices, Batch]]:
    """Give all rows in batches, each prepared with what is drawn for a measurement."""
    for number, rows in enumerate(alike(reader, size)):
        yield rows, reader.prepared(rows, key(_SEED, "measure", number))


def _add(counted: Counter[int], wanted: np.ndarray[Any, Any]) -> None:
    """Count the ids that were to be predicted."""
    ids, times = np.unique(wanted, return_counts=True)
    counted.update(dict(zip(ids.tolist(), times.tolist(), strict=True)))


def _scalars(reader: Reader, rows: Indices) -> list[dict[str, Any]]:
    """Give the scalar arrays of each row."""
    columns = reader.shards.scalar_values(rows)
    if not columns:
        return [{} for _ in rows]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
