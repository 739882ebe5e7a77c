"""The distribution `log_uniform`."""

from __future__ import annotations

from typing import ClassVar

from ...api import Field
from .between import Between, rounded


class LogUniform(Between):
    """Numbers between two whose logarithms are each as likely: for what matters by its factor (learning rates)."""

    name: ClassVar[str] = "log_uniform"
    example: ClassVar[str] = "log_uniform(1e-5, 1e-3)"
    positional: ClassVar[tuple[str, ...]] = ("low", "high")

    low: float = Field(gt=0, description="The least")
    high: float = Field(gt=0, description="The greatest")

    def at(self, share: float) -> float:
        return rounded(self.low * (self.high / self.low) ** share, self.low, self.high)
