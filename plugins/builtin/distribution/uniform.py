"""The distribution `uniform`."""

from __future__ import annotations

from typing import ClassVar

from ...api import Field
from .between import Between, rounded


class Uniform(Between):
    """Numbers between two, each as likely."""

    name: ClassVar[str] = "uniform"
    example: ClassVar[str] = "uniform(0, 0.3)"
    positional: ClassVar[tuple[str, ...]] = ("low", "high")

    low: float = Field(description="The least")
    high: float = Field(description="The greatest")

    def at(self, share: float) -> float:
        return rounded(self.low + share * (self.high - self.low), self.low, self.high)
