"""Where documents stand in packed rows. B rows, L tokens a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def bounds(segments: Array) -> tuple[Array, Array, Array]:
    """Give for each place its document's number in the row (from 0, padding too), its first and its last place: (B, L)."""
    import numpy as np

    length = segments.shape[1]
    place = np.arange(length)
    begins = np.ones(segments.shape, dtype=bool)
    begins[:, 1:] = segments[:, 1:] != segments[:, :-1]
    ends = np.ones(segments.shape, dtype=bool)
    ends[:, :-1] = begins[:, 1:]
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, length)[:, ::-1], axis=1)[:, ::-1]
    return np.cumsum(begins, axis=1) - 1, first, last
