"""The schedule `warmup_stable_decay`."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from ...fields import Fraction
from .warmup import WarmedUp


class WarmupStableDecay(WarmedUp):
    """Rise, stay, and fall over the last part of the budget.

    The fall is 1 - sqrt, which Hägele et al. 2024 (arXiv:2405.18392) found better than a straight line.
    """

    name: ClassVar[str] = "warmup_stable_decay"
    example: ClassVar[str] = "warmup_stable_decay { warmup = 200 steps, decay = 20% }"

    decay: Annotated[Fraction, Field(description="The part of the budget, after the warmup, that falls")] = 0.2
    final: Annotated[Fraction, Field(description="The part of the learning rate that is left at the end")] = 0.0

    def after(self, progress: float) -> float:
        fallen = progress - (1 - self.decay)
        if fallen <= 0:
            return 1.0
        return 1 - (1 - self.final) * math.sqrt(fallen / self.decay)
