"""Budgets, intervals and batches as numbers of steps and rows."""

from __future__ import annotations

import pytest
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.rows import rows_per_step
from llx.runtime.training.batch import micro_batch
from llx.runtime.training.budget import Budget, Pace, validation_interval
from torch import device

PACE = Pace(steps_per_epoch=40, tokens_per_step=1000, rows_per_step=10)


@pytest.mark.parametrize(
    ("amount", "unit", "steps"),
    [(7, "steps", 7), (2, "epochs", 80), (0.5, "epochs", 20), (10_000, "tokens", 10), (10_001, "tokens", 11)],
)
def test_a_budget_is_reached_by_the_step_that_fills_it(amount: float, unit: str, steps: int) -> None:
    budget = Budget([Quantity.of(amount, unit)], PACE)
    assert budget.steps == steps
    assert not budget.reached(steps - 1, 1e9)
    assert budget.reached(steps, 0)
    assert budget.done(steps, 0) == 1


def test_the_first_budget_reached_ends() -> None:
    budget = Budget([Quantity.of(5, "epochs"), Quantity.of(30, "steps"), Quantity.of(1, "min")], PACE)
    assert budget.reached(30, 0)
    assert budget.reached(1, 60)
    assert not budget.reached(29, 59)
    assert budget.done(3, 30) == 0.5
    assert budget.done(15, 6) == 0.5


def test_time_alone() -> None:
    budget = Budget([Quantity.of(10, "s")], PACE)
    assert budget.steps is None
    assert budget.done(1000, 5) == 0.5
    assert validation_interval(None, budget, PACE) == 40


def test_time_is_no_number_of_steps() -> None:
    with pytest.raises(ValueError, match="no number of steps"):
        PACE.steps(Quantity.of(1, "h"))


@pytest.mark.parametrize(("epochs", "interval"), [(0.5, 2), (5, 20), (50, 40)])
def test_validation_is_once_an_epoch_and_at_least_ten_times(epochs: float, interval: int) -> None:
    assert validation_interval(None, Budget([Quantity(epochs, "epochs")], PACE), PACE) == interval


def test_a_batch_is_whole_rows() -> None:
    assert rows_per_step(Quantity(32768, "tokens"), 512, 10_000) == 64
    assert rows_per_step(Quantity(1000, "tokens"), 300.5, 10_000) == 3
    assert rows_per_step(Quantity(10, "tokens"), 512, 10_000) == 1
    assert rows_per_step(Quantity(64, "examples"), 512, 20) == 20


def test_micro_batches_are_halved_until_memory_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Decoder(layers=2, hidden_size=32, heads=2, context_length=32)
    cpu = device("cpu")
    assert micro_batch(None, 64, model, 100, 32, cpu) == 64
    assert micro_batch(8, 64, model, 100, 32, cpu) == 8
    need = model.activation_bytes(100, 16, 32)
    monkeypatch.setattr("llx.runtime.training.batch._memory", lambda device: need / 0.6)
    assert micro_batch(None, 64, model, 100, 32, cpu) == 16
