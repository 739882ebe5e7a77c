"""The metric `bits_per_byte`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...component import TaskFailed
from ...values import Metric
from ...work import Outcome
from .losses import losses
from .unigram import entropy

if TYPE_CHECKING:
    import numpy as np


class BitsPerByte(Metric):
    """How many bits the model needs for a byte of the text (UTF-8), so that tokenizers can be compared.

    The bits of all tokens, the end of each document included, over the bytes of the text.
    """

    name: ClassVar[str] = "bits_per_byte"
    example: ClassVar[str] = "bits_per_byte()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, None)
    needs: ClassVar[str] = "likelihood"
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[Literal["record", "row"]] = "row"

    def compute(self, outcome: Outcome) -> float:
        return outcome.sums["loss"] / math.log(2) / _bytes(outcome)

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any] | None:
        """Give the bits of each row and its bytes, which are known of all rows together: a token is as long as the mean."""
        found = losses(outcome)
        return None if found is None else found * [1 / math.log(2), _bytes(outcome) / outcome.sums["count"]]

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        return float(sums[0] / sums[1])

    def reference(self, outcome: Outcome) -> float | None:
        """Give that of the unigram model of the same targets."""
        if not outcome.targets:
            return None
        return entropy(outcome.targets) * outcome.sums["count"] / math.log(2) / _bytes(outcome)


def _bytes(outcome: Outcome) -> int:
    size = int(outcome.facts.get("bytes", 0))
    if not size:
        raise TaskFailed("L0514", {"metric": BitsPerByte.name}, field="metrics", help="L0514.help")
    return size
