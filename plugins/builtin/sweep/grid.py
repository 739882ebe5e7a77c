"""The sweep `grid`: every combination."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, ClassVar

from ...api import ListsOf, Sweep, per_trial


class Grid(Sweep):
    """Try every combination of the values that some params take."""

    name: ClassVar[str] = "grid"
    example: ClassVar[str] = "grid { over = { lr = [1e-4, 3e-4] }, seeds = 3, minimise = pretrain.loss }"

    over: ListsOf = per_trial({}, "Params of the file, each with the list of values to try")

    def points(self) -> Iterator[dict[str, Any]]:
        for values in product(*self.over.values()):
            yield dict(zip(self.over, values, strict=True))
