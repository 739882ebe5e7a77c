"""What the distributions between two numbers share."""

from __future__ import annotations

from ...api import Distribution, Place

DIGITS = 4
"""Significant digits of a drawn number: enough to try, and few enough to be written by hand afterwards."""


class Between(Distribution):
    """Numbers between two."""

    low: float
    high: float

    def check(self, place: Place) -> None:
        if self.low >= self.high:
            place.error("high", "L0573", {"low": self.low, "high": self.high})


def rounded(number: float, low: float, high: float) -> float:
    """Round to a few significant digits within a range; to more where the range is narrow."""
    for digits in range(DIGITS, 18):
        short = float(f"{number:.{digits}g}")
        if low <= short <= high and abs(short - number) <= (high - low) / 1000:
            return short
    return number
