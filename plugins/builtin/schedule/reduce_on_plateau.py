"""The schedule `reduce_on_plateau`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from ...fields import Fraction
from .warmup import WarmedUp


class ReduceOnPlateau(WarmedUp):
    """Keep the learning rate, and lower it each time that validations stop getting better.

    What is looked at is what the stage selects by. It follows from the validations so far alone, so that a training
    that was killed goes on with the same learning rate.
    """

    name: ClassVar[str] = "reduce_on_plateau"
    example: ClassVar[str] = "reduce_on_plateau { patience = 3, shrink = 50% }"
    needs_validation: ClassVar[bool] = True

    patience: Annotated[int, Field(ge=1, description="Validations without a better one until it is lowered")] = 3
    shrink: Annotated[float, Field(gt=0, lt=1, description="What is left of the learning rate each time")] = 0.5
    least: Annotated[Fraction, Field(description="The part of the learning rate that is left in any case")] = 0.01

    def after(self, progress: float) -> float:
        return 1.0

    def adapted(self, results: Sequence[float | None]) -> float:
        best: float | None = None
        waited = 0
        factor = 1.0
        for result in results:
            if result is not None and (best is None or result < best):
                best, waited = result, 0
                continue
            waited += 1
            if waited == self.patience:
                factor, waited = max(factor * self.shrink, self.least), 0
        return factor
