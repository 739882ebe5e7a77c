"""Quantities: a magnitude with a dimension, and the units in which people write them."""

from __future__ import annotations

from .record import Record

UNITS: dict[str, tuple[str, int | float]] = {
    "steps": ("steps", 1),
    "step": ("steps", 1),
    "epochs": ("epochs", 1),
    "epoch": ("epochs", 1),
    "examples": ("examples", 1),
    "example": ("examples", 1),
    "tokens": ("tokens", 1),
    "token": ("tokens", 1),
    "s": ("time", 1),
    "min": ("time", 60),
    "h": ("time", 3600),
    "d": ("time", 86400),
    "B": ("memory", 1),
    "kB": ("memory", 10**3),
    "MB": ("memory", 10**6),
    "GB": ("memory", 10**9),
    "KiB": ("memory", 2**10),
    "MiB": ("memory", 2**20),
    "GiB": ("memory", 2**30),
    "J": ("energy", 1),
    "Wh": ("energy", 3600),
    "kWh": ("energy", 3_600_000),
    "W": ("power", 1),
}
"""Unit -> (dimension, how many base units it is). The singular is understood too."""

BASE_UNIT = {
    "steps": "steps",
    "epochs": "epochs",
    "examples": "examples",
    "tokens": "tokens",
    "time": "s",
    "memory": "B",
    "energy": "J",
    "power": "W",
}

_SHOWN = {
    "time": ("d", "h", "min", "s"),
    "memory": ("GiB", "MiB", "KiB", "GB", "MB", "kB", "B"),
    "energy": ("kWh", "Wh", "J"),
}

_LONG = 10_000
_INEXACT = 2.0**53
"""From here on a float may stand for a neighbouring whole number: its digits would say more than it knows."""
"""From here on a number in front of a suffix is no easier to read than the whole number."""


class Quantity(Record):
    """A magnitude in the base unit of its dimension: steps, epochs, examples, tokens, s, B, J or W.

    Equal quantities are equal however they were written: `1 h` is `60 min`.
    """

    magnitude: int | float
    dimension: str

    @classmethod
    def of(cls, number: int | float, unit: str) -> Quantity:
        """Build a quantity from a number and a unit; KeyError if there is no such unit."""
        dimension, factor = UNITS[unit]
        return cls(whole(number * factor), dimension)

    def __str__(self) -> str:
        for unit in _SHOWN.get(self.dimension, ()):
            factor = UNITS[unit][1]
            if abs(self.magnitude) >= factor and self.magnitude % factor == 0:
                return f"{show_number(whole(self.magnitude / factor))} {unit}"
        return f"{show_number(self.magnitude)} {BASE_UNIT[self.dimension]}"


def whole(number: int | float) -> int | float:
    """Give a number as an int if it is one."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def show_number(number: int | float) -> str:
    """Write a number as the language would: `8Ki`, `20M`, `0.1`. A suffix is used where it is exact and short."""
    exact = whole(number)
    if isinstance(exact, float) or (isinstance(number, float) and abs(number) >= _INEXACT):
        # Eight digits hide what binary fractions add (0.1 + 0.2), and show that 1.000001 is above 1.
        return f"{number:.8g}"
    number = exact
    size = abs(number)
    for suffix, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if factor <= size < _LONG * factor and size % factor == 0:
            return f"{number // factor}{suffix}"
    for suffix, factor in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if factor <= size < _LONG * factor and size % (factor // 10) == 0:
            return f"{number / factor:g}{suffix}"
    return str(number)
