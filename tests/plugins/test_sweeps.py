"""The trials that sweeps make, and the distributions that they draw from."""

from __future__ import annotations

import pytest
from llx.plugins.builtin.distribution.integers import Integers
from llx.plugins.builtin.distribution.log_uniform import LogUniform
from llx.plugins.builtin.distribution.uniform import Uniform
from llx.plugins.builtin.sweep.grid import Grid
from llx.plugins.builtin.sweep.random import RandomSweep
from llx.plugins.sweeps import Distribution


def test_a_grid_has_every_combination_and_the_last_param_moves_first() -> None:
    grid = Grid(over={"a": [1, 2], "b": ["x", "y"]})
    assert [tuple(point.values()) for point in grid.points()] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    with_seeds = Grid(over={"a": [1, 2]}, seeds=2)
    assert [(one.params["a"], one.offset) for one in with_seeds.assignments()] == [(1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize(
    ("distribution", "low", "middle", "high"),
    [
        (Uniform(low=0, high=10), 0, 5, 10),
        (Uniform(low=-1, high=1), -1, 0, 1),
        (LogUniform(low=1e-5, high=1e-3), 1e-5, 1e-4, 1e-3),
        (Integers(low=1, high=4), 1, 3, 4),
    ],
)
def test_a_distribution_goes_from_end_to_end(
    distribution: Distribution, low: float, middle: float, high: float
) -> None:
    assert [distribution.at(share) for share in (0, 0.5, 1)] == pytest.approx([low, middle, high])
    values = [distribution.at(n / 100) for n in range(101)]
    assert values == sorted(values)
    assert all(low <= value <= high for value in values)


def test_numbers_are_short_and_whole_ones_stay_whole() -> None:
    assert LogUniform(low=1e-5, high=1e-3).at(1 / 3) == 4.642e-05
    assert all(isinstance(Integers(low=0, high=9).at(n / 7), int) for n in range(8))
    narrow = Uniform(low=0.99999, high=0.999999)
    assert 0.99999 < narrow.at(0.5) < 0.999999


def test_draws_are_different_and_follow_from_the_seed() -> None:
    over = {"lr": LogUniform(low=1e-5, high=1e-3), "base": ["a", "b"]}
    first = [*RandomSweep(over=over, trials=10).points()]
    assert first == [*RandomSweep(over=over, trials=20).points()][:10]
    assert first != [*RandomSweep(over=over, trials=10, seed=1).points()]
    assert len({point["lr"] for point in first}) == 10
    assert {point["base"] for point in first} == {"a", "b"}


def test_a_small_space_is_tried_once() -> None:
    points = [*RandomSweep(over={"a": [1, 2], "b": [3, 4]}, trials=100).points()]
    assert sorted(tuple(point.values()) for point in points) == [(1, 3), (1, 4), (2, 3), (2, 4)]
