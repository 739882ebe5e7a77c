"""The schedule `inverse_sqrt`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, ClassVar

from pydantic import Field

from ....dsl.quantities import Quantity
from ...fields import Warmup
from ...values import Schedule


class InverseSqrt(Schedule):
    """Rise in a straight line, then fall with one over the root of the step (Vaswani et al. 2017, arXiv:1706.03762).

    It knows no end: a longer budget leaves the steps before as they were. A longer warmup makes for a slower fall.
    """

    name: ClassVar[str] = "inverse_sqrt"
    example: ClassVar[str] = "inverse_sqrt { warmup = 4000 steps }"

    warmup: Annotated[Warmup, Field(description="How long the learning rate rises in a straight line")] = Quantity(
        1000, "steps"
    )

    def rise(self) -> Quantity | None:
        return self.warmup if self.warmup.magnitude else None

    def factor(self, step: int, done: float, steps: Callable[[Quantity], float]) -> float:
        rise = max(steps(self.warmup), 1.0)
        return min((step + 1) / rise, math.sqrt(rise / (step + 1)))
