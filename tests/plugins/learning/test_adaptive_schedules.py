"""Schedules that restart, that know no end, and that look at validations."""

from __future__ import annotations

import math

import pytest
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.schedule.cosine import Cosine
from llx.plugins.builtin.schedule.cosine_restarts import CosineRestarts
from llx.plugins.builtin.schedule.inverse_sqrt import InverseSqrt
from llx.plugins.builtin.schedule.reduce_on_plateau import ReduceOnPlateau
from llx.plugins.testing import conforms
from llx.plugins.values import Schedule


def at(schedule: Schedule, step: int, total: int = 70) -> float:
    return schedule.factor(step, step / total, lambda quantity: quantity.magnitude)


@pytest.mark.parametrize("schedule", [CosineRestarts(growth=2), InverseSqrt(), ReduceOnPlateau()], ids=lambda s: s.name)
def test_they_conform(schedule: Schedule) -> None:
    conforms(schedule)


def test_cycles_fill_the_budget_each_longer_than_the_one_before() -> None:
    schedule = CosineRestarts(cycles=3, growth=2, final=0.2)
    # Of 70 steps: 10, 20, 40.
    assert [at(schedule, step) for step in (0, 10, 30)] == pytest.approx([1, 1, 1])
    assert [at(schedule, step) for step in (5, 20, 50, 70)] == pytest.approx([0.6, 0.6, 0.6, 0.2])
    one = CosineRestarts(cycles=1, final=0.1)
    assert [at(one, step) for step in range(71)] == pytest.approx([at(Cosine(final=0.1), step) for step in range(71)])


def test_the_inverse_root_knows_no_end() -> None:
    schedule = InverseSqrt(warmup=Quantity(10, "steps"))
    assert [at(schedule, step) for step in (0, 9, 39)] == pytest.approx([0.1, 1, 0.5])
    assert at(schedule, 39, 1000) == at(schedule, 39)
    assert at(InverseSqrt(warmup=Quantity(0, "steps")), 3) == 0.5


def test_a_plateau_lowers_and_the_wait_begins_anew() -> None:
    schedule = ReduceOnPlateau(patience=2, shrink=0.5, least=0.2)
    falling = [3.0, 2.0, 1.0]
    assert schedule.adapted([]) == schedule.adapted(falling) == 1
    assert schedule.adapted([*falling, 1.0]) == 1, "one worse validation is not two"
    assert schedule.adapted([*falling, 1.0, 1.5]) == 0.5
    assert schedule.adapted([*falling, 1.0, 1.5, 0.9, 0.9]) == 0.5
    assert schedule.adapted([*falling, *[1.0] * 4]) == 0.25
    assert schedule.adapted([*falling, *[1.0] * 6]) == 0.2
    assert schedule.adapted([*falling, None, None]) == 0.5, "what is no number is no better"
    assert math.isclose(at(schedule, 60), 1)
