"""Metrics and the references that they must beat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from llx.plugins import extras
from llx.plugins.api import Metric, Place
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.metric.auroc import Auroc
from llx.plugins.builtin.metric.average_precision import AveragePrecision
from llx.plugins.builtin.metric.bits_per_byte import BitsPerByte
from llx.plugins.builtin.metric.jaccard import Jaccard
from llx.plugins.builtin.metric.macro_f1 import MacroF1
from llx.plugins.builtin.metric.mcc import MatthewsCorrelation
from llx.plugins.builtin.metric.micro_f1 import MicroF1
from llx.plugins.builtin.metric.perplexity import Perplexity
from llx.plugins.builtin.metric.precision import Precision
from llx.plugins.builtin.metric.recall import Recall
from llx.plugins.builtin.metric.span_f1 import SpanF1
from llx.plugins.builtin.metric.span_precision import SpanPrecision
from llx.plugins.builtin.metric.span_recall import SpanRecall
from llx.plugins.builtin.metric.tag_accuracy import TagAccuracy
from llx.plugins.builtin.metric.weighted_f1 import WeightedF1
from llx.plugins.component import TaskFailed
from llx.plugins.work import Outcome

TOKENS = Outcome(sums={"loss": 8 * math.log(3), "count": 8, "rows": 2}, targets={5: 4, 9: 4}, facts={"bytes": 16})


def outcome(*pairs: tuple[int, int]) -> Outcome:
    return Outcome(records=[{"label": label, "prediction": prediction} for label, prediction in pairs])


def test_perplexity() -> None:
    assert Perplexity().compute(TOKENS) == pytest.approx(3)
    assert Perplexity().reference(TOKENS) == pytest.approx(2)
    assert Perplexity().compute(Outcome(sums={"loss": 1e9, "count": 1})) == math.inf


def test_bits_per_byte() -> None:
    assert BitsPerByte().compute(TOKENS) == pytest.approx(8 * math.log2(3) / 16)
    assert BitsPerByte().reference(TOKENS) == pytest.approx(8 * 1 / 16)
    with pytest.raises(TaskFailed):
        BitsPerByte().compute(Outcome(sums={"loss": 1.0, "count": 1}))


def test_no_model_without_context_beats_the_unigram_model() -> None:
    counts = {1: 7, 2: 2, 3: 1}
    best = Perplexity().reference(Outcome(targets=counts))
    for chances in ({1: 0.6, 2: 0.3, 3: 0.1}, {1: 0.8, 2: 0.1, 3: 0.1}):
        loss = -sum(count * math.log(chances[token]) for token, count in counts.items())
        assert Perplexity().compute(Outcome(sums={"loss": loss, "count": 10})) > best


def test_accuracy() -> None:
    made = outcome((0, 0), (0, 1), (1, 1), (2, 2), (0, 0))
    assert Accuracy().compute(made) == pytest.approx(0.8)
    assert Accuracy().reference(made) == pytest.approx(0.6)


def test_macro_f1() -> None:
    made = outcome((0, 0), (0, 1), (1, 1), (2, 2), (0, 0))
    # 0: 2 x 2 / (3 + 2); 1: 2 x 1 / (1 + 2); 2: 1
    assert MacroF1().compute(made) == pytest.approx((4 / 5 + 2 / 3 + 1) / 3)
    # always 0: 2 x 3 / (3 + 5), and nothing for the others
    assert MacroF1().reference(made) == pytest.approx((6 / 8) / 3)


def test_macro_f1_counts_a_label_that_was_only_predicted() -> None:
    assert MacroF1().compute(outcome((0, 0), (0, 0), (0, 3))) == pytest.approx((4 / 5 + 0) / 2)


def test_of_nothing_there_is_no_number() -> None:
    assert math.isnan(Accuracy().compute(outcome()))
    assert math.isnan(MacroF1().compute(outcome()))


def several(*pairs: tuple[list[int], list[int]], labels: int = 3) -> Outcome:
    """Make an outcome of records with any number of labels."""
    records = [
        {"label": label, "prediction": found, "scores": [0.9 if n in found else 0.2 for n in range(labels)]}
        for label, found in pairs
    ]
    return Outcome(records=records, facts={"labels": ["a", "b", "c"][:labels]})


SEVERAL = several(([0], [0]), ([0, 1], [0]), ([], []), ([1, 2], [1, 2]), ([0], [1]))


def test_of_several_labels_all_must_be_right() -> None:
    assert Accuracy().compute(SEVERAL) == pytest.approx(3 / 5)
    # Always the set {a}.
    assert Accuracy().reference(SEVERAL) == pytest.approx(2 / 5)
    assert Jaccard().compute(SEVERAL) == pytest.approx((1 + 1 / 2 + 1 + 1 + 0) / 5)
    assert Jaccard().reference(SEVERAL) == pytest.approx((1 + 1 / 2 + 0 + 0 + 1) / 5)


def test_f1_of_several_labels() -> None:
    # a: 2 of 3, none too many; b: 1 of 2, one too many; c: right
    assert MacroF1().by_label(SEVERAL) == pytest.approx({"a": 4 / 5, "b": 1 / 2, "c": 1})
    assert MacroF1().compute(SEVERAL) == pytest.approx((4 / 5 + 1 / 2 + 1) / 3)
    assert MicroF1().compute(SEVERAL) == pytest.approx(2 * 4 / (5 + 6))
    assert WeightedF1().compute(SEVERAL) == pytest.approx((3 * 4 / 5 + 2 * 1 / 2 + 1) / 6)
    assert Recall().by_label(SEVERAL) == pytest.approx({"a": 2 / 3, "b": 1 / 2, "c": 1})
    assert Precision(average="micro").compute(SEVERAL) == pytest.approx(4 / 5)


def test_the_correlation_is_nothing_for_a_constant() -> None:
    assert MatthewsCorrelation().compute(outcome((0, 0), (0, 0), (1, 0))) == 0
    assert MatthewsCorrelation().compute(outcome((0, 0), (1, 1), (2, 2))) == pytest.approx(1)
    assert MatthewsCorrelation().compute(outcome((0, 1), (1, 0))) == pytest.approx(-1)


def test_scores_that_put_records_in_order() -> None:
    scores = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]]
    records = [
        {"label": label, "prediction": 0, "scores": one} for label, one in zip([0, 0, 1, 1], scores, strict=True)
    ]
    made = Outcome(records=records, facts={"labels": ["no", "yes"]})
    # Of the 2 x 2 pairs three are in order.
    assert Auroc().by_label(made) == pytest.approx({"no": 3 / 4, "yes": 3 / 4})
    assert AveragePrecision().by_label(made)["yes"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert AveragePrecision().reference(made) == pytest.approx(0.5)
    assert Auroc().compute(SEVERAL) > 0.5
    assert math.isnan(Auroc().compute(outcome())), "nothing to put in order"


def tagged(*pairs: tuple[str, str]) -> Outcome:
    """Make an outcome of sentences by their tags and those predicted."""
    return Outcome(records=[{"tags": tags.split(), "prediction": found.split()} for tags, found in pairs])


TAGGED = tagged(("B-PER I-PER O B-LOC", "B-PER I-PER O O"), ("O B-LOC I-LOC", "O B-LOC O"), ("B-PER O", "B-PER B-LOC"))


def test_spans_are_right_as_a_whole() -> None:
    # PER: 2 of 2; LOC: none of 2, two too many
    assert SpanPrecision().compute(TAGGED) == pytest.approx(2 / 4)
    assert SpanRecall().compute(TAGGED) == pytest.approx(2 / 4)
    assert SpanF1(average="macro").compute(TAGGED) == pytest.approx(0.5)
    assert SpanF1().by_label(TAGGED) == pytest.approx({"PER": 1, "LOC": 0})
    assert SpanF1().reference(TAGGED) == 0
    assert TagAccuracy().compute(TAGGED) == pytest.approx(6 / 9)
    assert TagAccuracy().reference(TAGGED) == pytest.approx(3 / 9)


def drawn(metric: Metric) -> Outcome:
    """Make an outcome of 200 records by chance, in the form that a metric needs."""
    random = np.random.default_rng(3)
    facts = {"labels": ["a", "b", "c", "d"]}
    records: list[dict[str, Any]] = []
    for _ in range(200):
        if metric.needs == "tags":
            tags = [["O", "B-PER", "I-PER", "B-LOC", "I-LOC"][n] for n in random.integers(0, 5, 8)]
            found = [tag if random.random() < 0.7 else "O" for tag in tags]
            records.append({"tags": tags, "prediction": found})
        elif metric.needs == "labels":
            held, given = (np.flatnonzero(random.random(4) < 0.4).tolist() for _ in range(2))
            records.append({"label": held, "prediction": given})
        else:
            label = int(random.integers(0, 3))
            records.append(
                {"label": label, "prediction": label if random.random() < 0.6 else int(random.integers(0, 4))}
            )
    return Outcome(records=records, facts=facts)


OF_SUMS = [
    Accuracy(), MacroF1(), MicroF1(), WeightedF1(), Precision(), Recall(average="weighted"), MatthewsCorrelation(), Jaccard(),
    SpanF1(), SpanF1(average="macro"), SpanPrecision(average="weighted"), SpanRecall(), TagAccuracy(),
]  # fmt: skip


@pytest.mark.parametrize("metric", OF_SUMS, ids=lambda metric: f"{metric.name}-{getattr(metric, 'average', '')}")
def test_what_the_sums_of_statistics_say_is_what_the_library_says(metric: Metric) -> None:
    made = drawn(metric)
    statistics = metric.statistics(made)
    assert statistics is not None
    assert metric.of(statistics.sum(axis=0)) == pytest.approx(metric.compute(made), abs=1e-12)
    again = np.random.default_rng(0).integers(0, 200, 200)
    resampled = Outcome(records=[made.records[number] for number in again], facts=made.facts)
    assert metric.of(statistics[again].sum(axis=0)) == pytest.approx(metric.compute(resampled), abs=1e-12)


@pytest.mark.parametrize("metric", [SpanF1()], ids=lambda metric: metric.name)
def test_without_its_library_a_metric_says_what_to_install(
    metric: Metric, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda package: False)
    place = Place(tmp_path)
    metric.check(place)
    assert [problem.code for problem in place.problems] == ["L0750"]


def test_the_order_of_scores_is_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    given = random.random((90, 4)).round(1)
    labels = random.integers(0, 4, 90)
    records = [{"label": int(n), "prediction": 0, "scores": row.tolist()} for n, row in zip(labels, given, strict=True)]
    found = Auroc().by_label(Outcome(records=records, facts={"labels": list("abcd")}))
    for number, name in enumerate("abcd"):
        assert found[name] == pytest.approx(roc_auc_score(labels == number, given[:, number]), abs=1e-12)
