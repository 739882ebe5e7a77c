"""What a classifier took for what, how far its scores can be believed, and where it was most wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...tables import ORIGIN, Table
from ...work import Outcome

BINS = 15
"""Of the reliability picture and the calibration error, as in Guo et al. 2017 (arXiv:1706.04599)."""
MISTAKES = 20
MOST_LABELS = 100
"""A larger confusion matrix is none that anybody reads."""
_LONGEST = 400
"""Characters of each text of a mistake."""


def confusion_matrix(outcome: Outcome) -> dict[str, Any] | None:
    """Count the predictions for each label: `counts[label][prediction]`, in the order of `labels`."""
    labels = _labels(outcome)
    if labels is None or len(labels) > MOST_LABELS:
        return None
    pairs = Counter((record["label"], record["prediction"]) for record in outcome.records)
    return {"labels": labels, "counts": [[pairs[a, b] for b in range(len(labels))] for a in range(len(labels))]}


def calibration(outcome: Outcome) -> dict[str, Any] | None:
    """Compare the scores of what was predicted with how often it was right.

    `bins` holds [mean score, share that is right, records] of each bin of equal width that has records; `error` is the
    expected calibration error, the mean distance of both (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599).
    """
    import numpy as np

    if _labels(outcome) is None or not all(_has_score(record) for record in outcome.records):
        return None
    score = np.array([record["scores"][record["prediction"]] for record in outcome.records], dtype=np.float64)
    right = np.array([record["label"] == record["prediction"] for record in outcome.records], dtype=np.float64)
    # A bin holds its upper end, as in Guo et al.
    bins = np.clip(np.ceil(score * BINS).astype(np.int64) - 1, 0, BINS - 1)
    size, scores, rights = (np.bincount(bins, weight, BINS) for weight in (None, score, right))
    found = [[float(s / n), float(r / n), int(n)] for n, s, r in zip(size, scores, rights, strict=True) if n]
    error = sum(abs(score - right) * n for score, right, n in found) / len(outcome.records)
    return {"error": float(error), "bins": found}


def mistakes(outcome: Outcome, table: Table) -> list[dict[str, Any]] | None:
    """Give the records of whose wrong label the model was surest: their texts, label, prediction, and its score."""
    labels = _labels(outcome)
    if labels is None:
        return None
    wrong = [record for record in outcome.records if record["label"] != record["prediction"] and _has_score(record)]
    wrong.sort(key=lambda record: -record["scores"][record["prediction"]])
    texts = _texts(table, [record["record"] for record in wrong[:MISTAKES]])
    return [
        {
            "record": record["record"],
            "text": texts[record["record"]],
            "label": labels[record["label"]],
            "prediction": labels[record["prediction"]],
            "score": record["scores"][record["prediction"]],
            "score_of_label": record["scores"][record["label"]],
        }
        for record in wrong[:MISTAKES]
    ]


def _labels(outcome: Outcome) -> Sequence[Any] | None:
    """Give the labels, if each record has one of them and one was predicted."""
    labels = outcome.facts.get("labels")
    if not labels or not outcome.records:
        return None
    single = all(isinstance(record.get(name), int) for record in outcome.records for name in ("label", "prediction"))
    return list(labels) if single else None


def _has_score(record: Mapping[str, Any]) -> bool:
    scores = record.get("scores")
    return isinstance(scores, Sequence) and len(scores) > max(record["prediction"], record["label"])


def _texts(table: Table, records: Sequence[int]) -> dict[int, str]:
    """Give the texts of some records by their number, several columns below each other, cut."""
    columns = [name for name in table.columns if name not in ("label", ORIGIN)]
    wanted, found = set(records), {}
    for number, row in enumerate(table.rows(columns) if wanted else ()):
        if number in wanted:
            given = [row[name] for name in columns if isinstance(row[name], str)]
            found[number] = "\n".join(_cut(text) for text in given)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
