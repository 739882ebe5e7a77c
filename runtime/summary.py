"""A few words on an artifact, from its facts: counts, whatever they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AT_MOST = 3


def summary(facts: Mapping[str, Any]) -> str:
    """Give the first counts and figures among facts: `rows 1,200 (train 1,000, test 200)`."""
    words: list[str] = []
    for name, value in facts.items():
        shown = _shown(value)
        if shown and len(words) < AT_MOST:
            words.append(f"{name.replace('_', ' ')} {shown}")
    return "  ".join(words)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping) and 0 < len(value) <= 4:
        inner = {key: item for key, item in value.items() if isinstance(item, int | float)}
        if len(inner) == len(value):
            return f"({', '.join(f'{key} {_shown(item)}' for key, item in inner.items())})"
    return ""
