"""The metric `bits_per_byte`."""

from __future__ import annotations

import math
from typing import ClassVar

from ...component import TaskFailed
from ...values import Metric
from ...work import Outcome
from .unigram import entropy


class BitsPerByte(Metric):
    """How many bits the model needs for a byte of the text (UTF-8), so that tokenizers can be compared.

    The bits of all tokens, the end of each document included, over the bytes of the text.
    """

    name: ClassVar[str] = "bits_per_byte"
    example: ClassVar[str] = "bits_per_byte()"
    bounds: ClassVar[tuple[float | None, float | None]] = (0, None)
    needs: ClassVar[str] = "likelihood"
    higher_is_better: ClassVar[bool] = False

    def compute(self, outcome: Outcome) -> float:
        return outcome.sums["loss"] / math.log(2) / _bytes(outcome)

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
