"""Metrics and the references that they must beat."""

from __future__ import annotations

import math

import pytest
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.metric.bits_per_byte import BitsPerByte
from llx.plugins.builtin.metric.macro_f1 import MacroF1
from llx.plugins.builtin.metric.perplexity import Perplexity
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
