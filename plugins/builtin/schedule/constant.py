"""The schedule `constant`."""

from __future__ import annotations

from typing import ClassVar

from .warmup import WarmedUp


class Constant(WarmedUp):
    """Keep the learning rate, after a warmup if one is given."""

    name: ClassVar[str] = "constant"
    example: ClassVar[str] = "constant { warmup = 100 steps }"

    def after(self, progress: float) -> float:
        return 1.0
