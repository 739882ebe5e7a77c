"""Numbers as people read them."""

from __future__ import annotations

import math

from ..words import say

_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def count(number: float) -> str:
    """Shorten a large count: `23.3M`, `48.1k`, `812`."""
    for factor, suffix in _SUFFIXES:
        if abs(number) >= factor:
            scaled = number / factor
            return f"{scaled:.0f}{suffix}" if abs(scaled) >= 100 else f"{scaled:.3g}{suffix}"
    return f"{number:.0f}"


def value(number: float) -> str:
    """Write a loss or a metric with four places that count."""
    if not math.isfinite(number) or isinstance(number, int) or number == 0:
        return f"{number:,}" if isinstance(number, int) else f"{number:g}"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if abs(number) < 1e-3 else f"{number:#.4g}"


def figure(name: str, number: float) -> str:
    """Write a named figure of a step or a validation: a rate is shortened, a loss keeps its places."""
    if name == "mfu":
        return f"{number:.1%}"
    if name.endswith("_bytes"):
        return size(number)
    return count(number) if name.endswith("_per_second") else value(number)


def duration(seconds: float) -> str:
    """Write a time span in its two largest units: `1 h 25 min`, `3.2 s`."""
    if seconds < 10:
        return f"{seconds:.1f} {say('cli.unit.s')}"
    whole = round(seconds)
    for size, unit, below, rest in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            small = whole % size // below
            head = f"{whole // size} {say(f'cli.unit.{unit}')}"
            return f"{head} {small} {say(f'cli.unit.{rest}')}" if small else head
    return f"{whole} {say('cli.unit.s')}"


def size(number: float) -> str:
    """Write a number of bytes: `38.1 MB`."""
    for factor, suffix in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= factor:
            return f"{number / factor:.1f} {suffix}"
    return f"{number:.0f} B"
