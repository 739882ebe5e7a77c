"""Whose turn it is: rows dealt out by shares, evenly enough that every run of rows holds its shares."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from ....dsl.record import Record

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_PERIOD = 1000
"""Turns after which shares of tenths of a percent begin anew."""


class Turns(Record, eq=False):
    """An endless sequence of the numbers of parts, in which each stands by its share."""

    shares: tuple[float, ...]
    sequence: Array
    """Its first turns."""
    spread: tuple[float, ...]
    """By how much more than its share of them a part can have of any turns that follow each other."""

    def drawn(self, rows: int, random: np.random.Generator) -> Array:
        """Give the part of each of some rows, from a turn on that is drawn: (rows,). On average each has its share."""
        import numpy as np

        start = int(random.integers(_PERIOD))
        turns = self.sequence
        if start + rows > len(turns):
            turns = turns_of(self.shares, start + rows).sequence
        return np.array(turns[start : start + rows])

    def most(self, part: int, rows: int) -> int:
        """Give how many rows at most are a part's, of so many that follow each other: by it shapes can be fixed."""
        return min(rows, max(1, math.floor(rows * self.shares[part] + self.spread[part] + 1e-6)))


@cache
def turns_of(shares: tuple[float, ...], rows: int = 0) -> Turns:
    """Deal out turns: each goes to the part that lacks most of its share (Tijdeman 1980, chairman assignment).

    There are at least so many as `rows`, and a period of them more.
    """
    import numpy as np

    wanted = np.array(shares)
    sequence, ahead = [], []
    lead = np.zeros(len(shares))
    for _ in range(max(rows, _PERIOD) + _PERIOD):
        lead -= wanted
        chosen = int(lead.argmin())
        lead[chosen] += 1
        sequence.append(chosen)
        ahead.append(lead.copy())
    leads = np.array([np.zeros(len(shares)), *ahead])
    spread = tuple(float(value) for value in leads.max(axis=0) - leads.min(axis=0))
    return Turns(shares, np.array(sequence), spread)
