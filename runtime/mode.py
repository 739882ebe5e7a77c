"""How a file is run: for good, or in a smoke run, which proves in a corner of the store that the parts fit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

CORNER = "smoke"
"""The folder of smoke runs within a store."""

COPIES = "exports"
"""The folder within the corner that exports are copied to."""


class Mode(StrEnum):
    """How a file is run."""

    REAL = "real"
    SMOKE = "smoke"
    """The whole graph, with little of everything; nothing is judged."""
    TEST = "test"
    """A smoke run in which those expectations are judged whose numbers are those of a real run."""

    @property
    def is_small(self) -> bool:
        return self is not Mode.REAL


def corner_of(store: Path) -> Path:
    """Give the store of the smoke runs of a store."""
    return store / CORNER
