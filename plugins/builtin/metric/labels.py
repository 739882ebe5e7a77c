"""Labels and predictions of an outcome as arrays, the trivial classifier, and the libraries that metrics are made by.

N records, C labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ...values import Metric
from ...work import Outcome

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class LabelMetric(Metric):
    """A metric of labels, computed by scikit-learn."""

    needs: ClassVar[str] = "label"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was right and what was predicted: numbers of labels (N,), or for several labels a record 0 and 1 (N, C)."""

    labels: Array
    predictions: Array

    @property
    def is_multiple(self) -> bool:
        return self.labels.ndim == 2

    def __len__(self) -> int:
        return len(self.labels)


def labelled(outcome: Outcome) -> Labelled:
    """Give the labels and the predictions of an outcome."""
    return Labelled(_array(outcome, "label"), _array(outcome, "prediction"))


def scores(outcome: Outcome) -> tuple[Array, Array]:
    """Give for each record and label whether it has it, and its score: (N, C) each."""
    import numpy as np

    given = np.array([record["scores"] for record in outcome.records], dtype=np.float64)
    labels = _array(outcome, "label")
    if labels.ndim == 2:
        return labels, given
    return (labels[:, None] == np.arange(given.shape[1])).astype(np.int64), given


def constant(outcome: Outcome) -> Outcome:
    """Give the outcome of the trivial classifier: what is the commonest is predicted for all.

    Of what is equally common the first is taken.
    """
    found = Counter(_key(record["label"]) for record in outcome.records)
    commonest = min(found, key=lambda key: (-found[key], key)) if found else 0
    prediction = list(commonest) if isinstance(commonest, tuple) else commonest
    records: list[Mapping[str, Any]] = [
        {"label": record["label"], "prediction": prediction} for record in outcome.records
    ]
    return Outcome(records=records, facts=outcome.facts)


def names_of(outcome: Outcome, count: int) -> list[str]:
    """Give what the labels are called, by their number."""
    names: Sequence[Any] = outcome.facts.get("labels") or range(count)
    return [str(name) for name in names]


def classes(outcome: Outcome) -> int:
    """Give how many labels there are: those of training, or as far as the records know."""
    names = outcome.facts.get("labels")
    if names:
        return len(names)
    numbers = [_numbers(record[name]) for record in outcome.records for name in ("label", "prediction")]
    return 1 + max((number for each in numbers for number in each), default=-1)


def by_label(outcome: Outcome, values: Iterable[float], numbers: Sequence[int]) -> Mapping[str, float]:
    """Give a number of each label by its name."""
    names = names_of(outcome, max(numbers, default=-1) + 1)
    return {names[number]: float(value) for number, value in zip(numbers, values, strict=True)}


def _array(outcome: Outcome, name: str) -> Array:
    import numpy as np

    if not any(isinstance(record[name], list | tuple) for record in outcome.records[:1]):
        return np.array([record[name] for record in outcome.records], dtype=np.int64)
    held = np.zeros((len(outcome.records), classes(outcome)), dtype=np.int64)
    for row, record in enumerate(outcome.records):
        held[row, record[name]] = 1
    return held


def _numbers(label: Any) -> Sequence[int]:
    return label if isinstance(label, list | tuple) else (label,)


def _key(label: Any) -> Hashable:
    return tuple(label) if isinstance(label, list) else label
