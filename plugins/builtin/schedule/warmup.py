"""What schedules share: a warmup, and progress from its end to the end of the budget."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ....dsl.quantities import Quantity
from ...fields import Warmup
from ...values import Schedule


class WarmedUp(Schedule):
    """The base of schedules that first rise in a straight line."""

    warmup: Annotated[Warmup, Field(description="How long the learning rate rises in a straight line")] = Quantity(
        0, "steps"
    )

    def rise(self) -> Quantity | None:
        return self.warmup if self.warmup.magnitude else None

    def factor(self, step: int, done: float, steps: Callable[[Quantity], float]) -> float:
        rise = steps(self.warmup)
        if step < rise:
            return min(1.0, (step + 1) / rise)
        if step == 0:
            return self.after(0.0)
        # The part of the budget that the warmup took follows from how far the steps so far have come; with a budget
        # of time there is no number of steps to divide by.
        part = done * rise / step
        return self.after(min(1.0, (done - part) / (1 - part)) if part < 1 else 1.0)

    @abstractmethod
    def after(self, progress: float) -> float:
        """Give the factor after the warmup; `progress` runs from 0 to 1 at the end of the budget."""
