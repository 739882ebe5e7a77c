"""Names that somebody may have meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def similar(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Give the candidates that look most like a name, nearest first; none if none is near.

    Letters that are swapped, left out, doubled or written with the other case count little. Letters of
    another script that look alike (Cyrillic, full-width) count as the same, and a name that differs in nothing else
    is the only one: nobody who writes `Heads` means `kv_heads`.
    """
    wanted = _plain(name)
    if not wanted:
        return []
    scored = []
    for n, candidate in enumerate(dict.fromkeys(candidates)):
        if candidate == name:
            continue
        other = _plain(candidate)
        allowed = max(1, (max(len(wanted), len(other)) + 1) // 3)
        if min(len(wanted), len(other)) <= 2:
            allowed = 1 if len(wanted) != len(other) or len(wanted) == 2 else 0
        away = _distance(wanted, other, allowed)
        if away <= allowed:
            scored.append((away, n, candidate))
        elif _words(wanted) and _words(wanted) == _words(other):
            scored.append((allowed, n, candidate))
        elif (len(wanted) >= 3 and len(other) >= 3 and (other.startswith(wanted) or wanted.startswith(other))) or (
            len(other) >= 2 and _initials(wanted) == other
        ):
            scored.append((allowed + 1, n, candidate))
    nearest = [candidate for _, _, candidate in sorted(scored)[:limit]]
    return [candidate for candidate in nearest if same(name, candidate)] or nearest


def same(name: str, other: str) -> bool:
    """Tell whether two names differ in the case of letters, look-alikes and dashes alone."""
    return _plain(name) == _plain(other)


_TWINS = str.maketrans("аеорсухіјѕοαερυν", "aeopcyxijsoaepuv")


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().translate(_TWINS).replace("-", "_")


def _words(name: str) -> list[str]:
    return sorted(name.split("_")) if "_" in name else []


def _initials(name: str) -> str:
    """Give the initials of a name of several words: `learning_rate` is often called `lr`."""
    words = name.split("_")
    return "".join(word[:1] for word in words) if len(words) > 1 else ""


def _distance(a: str, b: str, limit: int) -> int:
    """Count insertions, deletions, replacements and swaps of neighbours; anything above the limit is limit + 1."""
    if abs(len(a) - len(b)) > limit or len(a) > 80 or len(b) > 80:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
