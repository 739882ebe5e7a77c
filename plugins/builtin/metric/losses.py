"""The losses of an outcome row by row, of which metrics of the loss have their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...work import Outcome

if TYPE_CHECKING:
    import numpy as np


def losses(outcome: Outcome) -> np.ndarray[Any, Any] | None:
    """Give the loss of each row and what it is divided by: (rows, 2); None if rows were not told apart."""
    import numpy as np

    if "loss" not in outcome.by_row:
        return None
    return np.stack([outcome.by_row["loss"], outcome.by_row["count"]], axis=1)
