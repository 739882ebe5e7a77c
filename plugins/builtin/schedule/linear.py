"""The schedule `linear`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ...fields import Fraction
from .warmup import WarmedUp


class Linear(WarmedUp):
    """Fall in a straight line to `final` at the end of the budget."""

    name: ClassVar[str] = "linear"
    example: ClassVar[str] = "linear { warmup = 2M tokens }"

    final: Annotated[Fraction, Field(description="The part of the learning rate that is left at the end")] = 0.0

    def after(self, progress: float) -> float:
        return 1 - (1 - self.final) * progress
