"""A few words on an artifact, from its facts: counts and figures, whatever they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

AT_MOST = 3
_DULL = frozenset({"roles", "references", "better", "left_out", "intervals", "calibration"})


def summary(facts: Mapping[str, Any]) -> str:
    """Give the first figures among facts: `rows 1,200 (train 1,000, test 200)  files 3`."""
    words = [f"{name.replace('_', ' ')} {shown}" for name, shown in _figures(facts)]
    return "  ".join(words[:AT_MOST])


def _figures(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if _is_number(value):
            yield name, _shown(value)
        elif name in _DULL or not isinstance(value, Mapping) or not value:
            continue
        elif name == "metrics":
            yield from ((metric, _shown(number)) for metric, number in value.items() if _is_number(number))
        elif all(_is_number(number) for number in value.values()):
            yield name, _parts(value)
        elif tokens := {split: n["tokens"] for split, n in value.items() if isinstance(n, Mapping) and "tokens" in n}:
            yield "tokens", _parts(tokens)
            padding = {split: n["padding"] for split, n in value.items() if n.get("padding")}
            if padding:
                yield "padding", ", ".join(f"{share:.2%}" for share in padding.values())


def _parts(value: Mapping[str, Any]) -> str:
    """Show counts by part with their sum; a single part is no part."""
    shown = ", ".join(f"{part} {_shown(number)}" for part, number in value.items())
    if any(isinstance(number, float) for number in value.values()):
        return f"({shown})"
    total = _shown(sum(value.values()))
    return total if len(value) == 1 else f"{total} ({shown})"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
