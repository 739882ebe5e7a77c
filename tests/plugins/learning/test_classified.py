"""What is shown of a classifier: confusion, calibration, the records that it had most wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llx.plugins.builtin.eval.classified import calibration, confusion_matrix, mistakes
from llx.plugins.tables import RowWriter, Table
from llx.plugins.work import Outcome


def outcome(scores: Any, labels: Any) -> Outcome:
    records = [
        {"record": number, "label": int(label), "prediction": int(np.argmax(row)), "scores": [float(x) for x in row]}
        for number, (row, label) in enumerate(zip(scores, labels, strict=True))
    ]
    return Outcome(records=records, facts={"labels": [f"label {n}" for n in range(len(scores[0]))]})


def test_the_calibration_error_is_the_mean_distance_of_score_and_truth() -> None:
    found = calibration(outcome([[0.9, 0.1]] * 4 + [[0.4, 0.6]] * 2, [0, 0, 0, 1, 1, 1]))
    assert found is not None
    # Four of score 0.9, three right; two of score 0.6, both right.
    assert found["bins"] == [[pytest.approx(0.6), 1.0, 2], [pytest.approx(0.9), 0.75, 4]]
    assert found["error"] == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)


def test_the_calibration_error_is_that_of_torchmetrics() -> None:
    torch, torchmetrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics")
    draw = np.random.default_rng(2)
    scores, labels = draw.dirichlet([0.6] * 4, 500), draw.integers(0, 4, 500)
    found = calibration(outcome(scores, labels))
    theirs = torchmetrics.functional.calibration_error(
        torch.from_numpy(scores), torch.from_numpy(labels), task="multiclass", num_classes=4, n_bins=15
    )
    assert found is not None
    assert found["error"] == pytest.approx(float(theirs), abs=1e-6)


def test_the_most_wrong_come_first_with_their_texts(tmp_path: Path) -> None:
    with RowWriter(tmp_path / "rows.parquet", ["text", "label"]) as writer:
        for number in range(3):
            writer.write({"text": f"text {number} " + "x" * 1000 * number, "label": "label 0"})
    scores = [[0.4, 0.6], [0.9, 0.1], [0.05, 0.95]]
    found = mistakes(outcome(scores, [0, 0, 0]), Table(tmp_path / "rows.parquet"))
    assert found is not None
    assert [(one["record"], one["prediction"]) for one in found] == [(2, "label 1"), (0, "label 1")]
    assert found[1]["text"] == "text 0 "
    assert found[0]["text"].endswith("…")
    assert len(found[0]["text"]) == 400
    assert found[0]["score"] == 0.95


def test_nothing_is_shown_of_what_is_no_classifier(tmp_path: Path) -> None:
    several = Outcome(records=[{"record": 0, "label": [0, 1], "prediction": [1]}], facts={"labels": ["a", "b"]})
    for given in (several, Outcome(), Outcome(records=[{"record": 0, "text": "x"}])):
        assert confusion_matrix(given) is None
        assert calibration(given) is None
        assert mistakes(given, Table.__new__(Table)) is None
