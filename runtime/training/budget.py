"""How long to train: budgets of several sorts, the first one reached ends it, and quantities as steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...dsl.quantities import Quantity


@dataclass(frozen=True, slots=True)
class Pace:
    """What a step is worth: how much of an epoch, how many tokens and examples."""

    steps_per_epoch: float
    tokens_per_step: float
    rows_per_step: float

    def steps(self, quantity: Quantity) -> float:
        """Turn a quantity into steps; ValueError for time, which has no fixed number of them."""
        amount = quantity.magnitude
        match quantity.dimension:
            case "steps":
                return float(amount)
            case "epochs":
                return amount * self.steps_per_epoch
            case "tokens":
                return amount / self.tokens_per_step
            case "examples":
                return amount / self.rows_per_step
        raise ValueError(f"{quantity} is no number of steps")


class Budget:
    """The budgets of a job. A budget in steps, tokens or epochs is reached by the first step that fills it."""

    def __init__(self, quantities: Sequence[Quantity], pace: Pace) -> None:
        countable = [pace.steps(quantity) for quantity in quantities if quantity.dimension != "time"]
        self.steps = max(math.ceil(round(min(countable), 9)), 1) if countable else None
        """The number of steps, or None if only time limits the job."""
        self.seconds = min((q.magnitude for q in quantities if q.dimension == "time"), default=None)
        if self.steps is None and self.seconds is None:
            raise ValueError("a job without a budget would never end")

    def done(self, step: int, elapsed: float) -> float:
        """Give the part of the budget that is used, 0 to 1."""
        parts = [0.0]
        if self.steps is not None:
            parts.append(step / self.steps)
        if self.seconds is not None:
            parts.append(elapsed / self.seconds)
        return min(max(parts), 1.0)

    def reached(self, step: int, elapsed: float) -> bool:
        """Tell whether the training ends before this step."""
        return (self.steps is not None and step >= self.steps) or (self.seconds is not None and elapsed >= self.seconds)


def validation_interval(given: Quantity | None, budget: Budget, pace: Pace) -> int:
    """Give the steps between validations: unless given, once an epoch and at least ten times."""
    if given is not None:
        return max(round(pace.steps(given)), 1)
    epoch = max(round(pace.steps_per_epoch), 1)
    return epoch if budget.steps is None else max(min(epoch, budget.steps // 10), 1)
