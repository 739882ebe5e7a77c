"""Intervals of metrics, and whether two models differ by more than chance."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path
from typing import Any

import llx
import numpy as np
import pytest
from llx.plugins.builtin.metric.accuracy import Accuracy
from llx.plugins.builtin.metric.bits_per_byte import BitsPerByte
from llx.plugins.builtin.metric.macro_f1 import MacroF1
from llx.plugins.builtin.metric.perplexity import Perplexity
from llx.plugins.intervals import Difference, compare, interval
from llx.plugins.testing_kinds import try_metric
from llx.plugins.values import Metric
from llx.plugins.work import Outcome

PAGE = Path(llx.__file__).parent / "docs" / "metrics.md"


class SlowAccuracy(Accuracy):
    """The same by its records alone, as a plugin's metric is that knows nothing of intervals."""

    def statistics(self, outcome: Outcome) -> None:
        return None


class SlowPerplexity(Perplexity):
    """The same by its sums alone."""

    def statistics(self, outcome: Outcome) -> None:
        return None


def judged(right: Any, **more: Any) -> Outcome:
    """Make an outcome of records that are right or wrong, the label of each second one being 1."""
    records = [
        {"record": number, "label": number % 2, "prediction": number % 2 if hit else 1 - number % 2}
        for number, hit in enumerate(right)
    ]
    return Outcome(records=records, **more)


def lost(loss: Any, count: Any, **more: Any) -> Outcome:
    by_row = {"loss": np.array(loss, dtype=np.float64), "count": np.array(count, dtype=np.float64)}
    sums = {name: float(values.sum()) for name, values in by_row.items()} | {"rows": float(len(by_row["loss"]))}
    return Outcome(sums=sums, by_row=by_row, **more)


def of(metric: Metric, outcome: Outcome, seed: int = 0) -> tuple[float, float]:
    found = interval(metric, outcome, np.random.default_rng(seed))
    assert found is not None
    return found


def difference(metric: Metric, first: Outcome, second: Outcome) -> Difference:
    return compare(metric, first, second, np.random.default_rng(0))


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(5)
    truth, held = 0.8, 0
    for _ in range(200):
        low, high = of(Accuracy(), judged(draw.random(200) < truth))
        held += low <= truth <= high
    # 95 % of 200, within three standard deviations of it; the percentile bootstrap is a little narrow.
    assert 0.90 <= held / 200 <= 0.99


def test_an_interval_of_a_loss_holds_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(6)
    held = 0
    for _ in range(150):
        count = draw.integers(20, 60, 100)
        low, high = of(Perplexity(), lost(draw.gamma(count, 1.0), count))  # a mean loss of 1 a token
        held += low <= math.e <= high
    assert 0.89 <= held / 150 <= 0.99


def test_an_interval_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    right = np.random.default_rng(1).random(300) < 0.7
    low, high = of(Accuracy(), judged(right))
    theirs = stats.bootstrap(
        (right.astype(float),), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(2)
    ).confidence_interval
    assert low == pytest.approx(theirs.low, abs=0.008)
    assert high == pytest.approx(theirs.high, abs=0.008)


def test_records_are_drawn_where_a_metric_gives_no_statistics() -> None:
    outcome = judged(np.random.default_rng(1).random(120) < 0.7)
    assert of(SlowAccuracy(), outcome) == pytest.approx(of(Accuracy(), outcome))
    low, high = of(MacroF1(), outcome)
    assert low < MacroF1().compute(outcome) < high


def test_sums_of_rows_are_drawn_where_a_metric_gives_no_statistics() -> None:
    outcome = lost([3.0, 9.0, 4.0, 8.0, 5.0, 2.0], [2, 4, 3, 4, 5, 1])
    assert of(SlowPerplexity(), outcome) == pytest.approx(of(Perplexity(), outcome))
    bits = lost([3.0, 9.0, 4.0], [2, 4, 3], facts={"bytes": 30})
    assert of(BitsPerByte(), bits)[0] < BitsPerByte().compute(bits) < of(BitsPerByte(), bits)[1]
    assert BitsPerByte().of(BitsPerByte().statistics(bits).sum(axis=0)) == pytest.approx(BitsPerByte().compute(bits))


def test_a_seed_gives_the_same_interval() -> None:
    outcome = judged(np.random.default_rng(1).random(50) < 0.6)
    assert of(Accuracy(), outcome, 3) == of(Accuracy(), outcome, 3)


def test_what_belongs_together_is_drawn_together() -> None:
    # Ten speeches of twenty records each, all right or all wrong: ten judgements, and not two hundred.
    right = np.repeat(np.random.default_rng(4).random(10) < 0.5, 20)
    apart = of(Accuracy(), judged(right))
    together = of(Accuracy(), judged(right, groups=[f"speech {number // 20}" for number in range(200)]))
    assert together[1] - together[0] > 3 * (apart[1] - apart[0])
    slow = of(SlowAccuracy(), judged(right, groups=[f"speech {number // 20}" for number in range(200)]))
    assert slow == pytest.approx(together)


def test_rows_of_grouped_records_are_drawn_together() -> None:
    loss = np.repeat(np.random.default_rng(4).gamma(2.0, 1.0, 10), 20)
    outcome = lost(loss, np.ones(200), groups=[number // 2 for number in range(20)])
    apart = of(Perplexity(), outcome)
    outcome.by_row = {**outcome.by_row, "record": np.repeat(np.arange(20), 10)}
    together = of(Perplexity(), outcome)
    assert together[1] - together[0] > 3 * (apart[1] - apart[0])


def test_nothing_is_said_of_what_says_nothing() -> None:
    random = np.random.default_rng(0)
    assert interval(Accuracy(), judged([]), random) is None
    assert interval(Accuracy(), judged([True]), random) is None
    # All right: drawing again what is all alike would give an interval without width.
    assert interval(Accuracy(), judged([True] * 30), random) is None
    # Rows were not told apart.
    assert interval(Perplexity(), Outcome(sums={"loss": 3.0, "count": 2, "rows": 1}), random) is None


def test_a_difference_that_chance_explains() -> None:
    draw = np.random.default_rng(7)
    first, second = (judged(draw.random(100) < 0.7) for _ in range(2))
    found = difference(Accuracy(), first, second)
    assert found.value == pytest.approx(Accuracy().compute(second) - Accuracy().compute(first))
    assert found.interval is not None
    assert found.interval[0] < 0 < found.interval[1]
    assert found.p is not None
    assert found.p > 0.05


def test_a_p_value_is_that_of_mcnemars_exact_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    # 12 records that only the second has right, 3 that only the first has: of 15 that differ.
    first = judged([True] * 60 + [True] * 3 + [False] * 12 + [False] * 25)
    second = judged([True] * 60 + [False] * 3 + [True] * 12 + [False] * 25)
    found = difference(Accuracy(), first, second)
    exact = stats.binomtest(3, 15, 0.5).pvalue
    assert found.p == pytest.approx(exact, abs=0.01)
    assert found.value == pytest.approx(0.09)
    slow = difference(SlowAccuracy(), first, second)
    assert slow.p == pytest.approx(exact, abs=0.02)
    assert slow.interval == pytest.approx(found.interval)


def test_pairs_show_what_intervals_of_their_own_hide() -> None:
    """Each row is a little better, among rows that differ much more from each other."""
    draw = np.random.default_rng(8)
    loss, count = draw.gamma(2.0, 20.0, 100), np.full(100, 20)
    first, second = lost(loss, count), lost(loss * 0.98, count)
    assert of(Perplexity(), first)[0] < Perplexity().compute(second)
    found = difference(Perplexity(), first, second)
    assert found.p == pytest.approx(1 / 5000)
    assert found.interval is not None
    assert found.interval[1] < 0


def test_p_values_of_models_that_are_alike_are_spread_evenly() -> None:
    draw = np.random.default_rng(9)
    found = []
    for _ in range(100):
        both = draw.random((2, 60)) < 0.6
        found.append(difference(Accuracy(), judged(both[0]), judged(both[1])).p)
    # Discrete tests are careful: at most as many false alarms as they say, within chance.
    assert sum(p < 0.05 for p in found) <= 11
    assert 0.4 < float(np.mean(found)) < 0.75


def test_two_that_are_the_same_do_not_differ() -> None:
    outcome = judged(np.random.default_rng(1).random(40) < 0.6)
    found = difference(Accuracy(), outcome, outcome)
    assert (found.value, found.interval, found.p) == (0.0, None, 1.0)


def test_groups_are_exchanged_together() -> None:
    groups = [number // 20 for number in range(100)]
    first = judged([False] * 100, groups=groups)
    second = judged([True] * 60 + [False] * 40, groups=groups)
    # Three speeches of five differ: 2 of the 8 ways to exchange them are as extreme.
    assert difference(Accuracy(), first, second).p == pytest.approx(0.25, abs=0.03)
    assert difference(Accuracy(), first, second).units == 5


def documented(tmp_path: Path, name: str) -> Metric:
    """Load a metric that docs/metrics.md shows."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "documented.py").write_text("from typing import ClassVar\n" + "\n".join(blocks), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("documented", tmp_path / "documented.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = getattr(module, name)()
    assert isinstance(made, Metric)
    return made


def test_the_documented_metrics_have_intervals(tmp_path: Path) -> None:
    precision = documented(tmp_path, "Precision")
    try_metric(precision)
    outcome = judged(np.random.default_rng(1).random(120) < 0.7)
    low, high = of(precision, outcome)
    assert low < precision.compute(outcome) < high
    texts = Outcome(records=[{"record": number, "prediction": "a" * (number % 7)} for number in range(9)])
    assert of(documented(tmp_path, "Longest"), texts)[1] == 6
