"""How much text there is at most, from the sizes of files alone."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from ....dsl.program import Reference
from ...findings import Findings

_STAND_IN = 200
"""Fewer bytes are no data but stand for some: of what would be too little of them nothing is to be said."""
_COMPRESSED = (".gz", ".zst", ".parquet")


def bytes_read(findings: Findings, data: Reference, split: str | None = None) -> int | None:
    """Give the bytes of all files behind some rows: no text of them is longer.

    None if they can't be told, as of compressed files, or if they are so few that they only stand for data.
    """
    origins: set[Hashable] = set()
    for portion in findings.provenance.portions(data, split):
        origins |= portion.origins
    paths = {origin[0] if isinstance(origin, tuple) and origin else origin for origin in origins}
    total = 0
    for path in paths:
        if not isinstance(path, Path) or path.suffix in _COMPRESSED:
            return None
        try:
            total += path.stat().st_size
        except OSError:
            return None
    return total if total >= _STAND_IN else None
