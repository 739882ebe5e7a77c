"""The distribution `integers`."""

from __future__ import annotations

from typing import ClassVar

from ...api import Field
from .between import Between


class Integers(Between):
    """Whole numbers between two, both included, each as likely."""

    name: ClassVar[str] = "integers"
    example: ClassVar[str] = "integers(2, 8)"
    positional: ClassVar[tuple[str, ...]] = ("low", "high")

    low: int = Field(description="The least")
    high: int = Field(description="The greatest")

    def at(self, share: float) -> int:
        return min(self.high, self.low + int(share * (self.high - self.low + 1)))
