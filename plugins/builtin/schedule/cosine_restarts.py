"""The schedule `cosine_restarts`."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from ...fields import Fraction
from .warmup import WarmedUp


class CosineRestarts(WarmedUp):
    """Fall along half a cosine and jump back up, `cycles` times (SGDR; Loshchilov & Hutter 2017, arXiv:1608.03983).

    The cycles fill the budget after the warmup, each `growth` times as long as the one before.
    """

    name: ClassVar[str] = "cosine_restarts"
    example: ClassVar[str] = "cosine_restarts { cycles = 3, growth = 2 }"

    cycles: Annotated[int, Field(ge=1, le=1000, description="How often it falls")] = 4
    growth: Annotated[float, Field(ge=1, le=10, description="How much longer a cycle is than the one before")] = 1.0
    final: Annotated[Fraction, Field(description="The part of the learning rate that is left at the end")] = 0.0

    def after(self, progress: float) -> float:
        within = self._within(progress)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * within))

    def _within(self, progress: float) -> float:
        """Give how far the cycle is that `progress` lies in, 0 to 1; the end of the budget is the last one's."""
        lengths = [self.growth**cycle for cycle in range(self.cycles)]
        rest = progress * sum(lengths)
        for length in lengths[:-1]:
            if rest < length:
                return rest / length
            rest -= length
        return min(rest / lengths[-1], 1.0)
