"""The schedule `cosine`."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from ...fields import Fraction
from .warmup import WarmedUp


class Cosine(WarmedUp):
    """Fall along half a cosine to `final` at the end of the budget (Loshchilov & Hutter 2017, arXiv:1608.03983)."""

    name: ClassVar[str] = "cosine"
    example: ClassVar[str] = "cosine { warmup = 200 steps, final = 10% }"

    final: Annotated[Fraction, Field(description="The part of the learning rate that is left at the end")] = 0.1

    def after(self, progress: float) -> float:
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * progress))
