"""How the learning rate moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.schedule.constant import Constant
from llx.plugins.builtin.schedule.cosine import Cosine
from llx.plugins.builtin.schedule.linear import Linear
from llx.plugins.builtin.schedule.warmup_stable_decay import WarmupStableDecay
from llx.plugins.values import Schedule

STEPS = 100
TOKENS_A_STEP = 1000


def steps(quantity: Quantity) -> float:
    return quantity.magnitude / TOKENS_A_STEP if quantity.dimension == "tokens" else quantity.magnitude


def factors(schedule: Schedule, total: int = STEPS) -> list[float]:
    return [schedule.factor(step, step / total, steps) for step in range(total + 1)]


WARMUP = Quantity(10, "steps")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(), {0: 1, 50: 1, 100: 1}),
        (Linear(warmup=WARMUP), {0: 0.1, 9: 1, 10: 1, 55: 0.5, 100: 0}),
        (Linear(final=0.2), {0: 1, 50: 0.6, 100: 0.2}),
        (Cosine(warmup=WARMUP, final=0.1), {0: 0.1, 10: 1, 55: 0.55, 100: 0.1}),
        (WarmupStableDecay(warmup=WARMUP, decay=0.5), {0: 0.1, 10: 1, 55: 1, 100: 0}),
        (WarmupStableDecay(decay=0.36), {64: 1, 73: 0.5, 100: 0}),
        (WarmupStableDecay(decay=0), {0: 1, 99: 1}),
    ],
    ids=["constant", "linear-warmup", "linear", "cosine", "wsd-warmup", "wsd", "wsd-no-decay"],
)
def test_shapes(schedule: Schedule, expected: dict[int, float]) -> None:
    found = factors(schedule)
    assert {step: pytest.approx(found[step], abs=1e-6) for step in expected} == expected


def test_a_warmup_in_tokens_is_one_in_steps() -> None:
    assert factors(Linear(warmup=Quantity(10_000, "tokens"))) == factors(Linear(warmup=WARMUP))


def test_a_budget_of_time_gives_the_same_curve_as_long_as_steps_take_equally_long() -> None:
    # `done` is then the part of the time, which is all that a schedule is told.
    seconds = [0.3 * step for step in range(STEPS + 1)]
    found = [Cosine(warmup=WARMUP).factor(step, at / 30.0, steps) for step, at in enumerate(seconds)]
    assert found == pytest.approx(factors(Cosine(warmup=WARMUP)))


@given(
    step=st.integers(0, 10_000),
    done=st.floats(0, 1),
    warmup=st.integers(0, 10_000),
    final=st.floats(0, 1),
    decay=st.floats(0, 1),
)
def test_a_factor_lies_between_nothing_and_the_whole(
    step: int, done: float, warmup: int, final: float, decay: float
) -> None:
    given = {"warmup": Quantity(warmup, "steps"), "final": final}
    for schedule in (Linear(**given), Cosine(**given), WarmupStableDecay(decay=decay, **given)):
        assert 0 <= schedule.factor(step, done, steps) <= 1 + 1e-9
