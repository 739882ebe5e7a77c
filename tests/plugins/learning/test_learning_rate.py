"""The learning rate that `auto` stands for."""

from __future__ import annotations

import math

import pytest
from llx.plugins.builtin.learning_rate import best_of, round_down, smoothed


def test_the_rate_lies_a_tenth_below_that_of_the_least_loss() -> None:
    rates = [10 ** (-6 + step / 10) for step in range(50)]
    curve = [(rate, abs(math.log10(rate) + 2) + 1) for rate in rates]
    assert best_of(curve) == pytest.approx(1e-3, rel=0.05)


def test_a_curve_of_one_step_has_a_rate_too() -> None:
    assert best_of([(2e-4, 5.0)]) == 2e-5


@pytest.mark.parametrize(
    ("rate", "written"), [(0.002438, 0.0024), (9.99e-5, 9.9e-5), (1e-3, 1e-3), (0.3, 0.3), (1.0, 1.0), (37.0, 37.0)]
)
def test_it_is_written_with_two_digits(rate: float, written: float) -> None:
    assert round_down(rate) == written


def test_smoothing_leans_to_no_side() -> None:
    assert [loss for _, loss in smoothed([(0.1, 3.0), (0.2, 3.0)])] == pytest.approx([3.0, 3.0])
    assert smoothed([(0.1, 3.0), (0.2, 1.0)])[1][1] == pytest.approx((0.9 * 3 + 1) / 1.9)
