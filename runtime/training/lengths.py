"""How long the rows are that have lengths of their own: which of them are alike, and what is padding beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from ...plugins.fit import is_tokens
from ...plugins.shards import Shards
from .order import Epochs, Indices, length_class


@dataclass(frozen=True, slots=True)
class Spread:
    """What the steps of an epoch come to: the fewest and the most rows, tokens (about), and the share of padding."""

    rows: tuple[int, int]
    tokens: tuple[int, int]
    padding: float
    at_once: int
    """The most rows of a step, as rows of the longest length (see `Lengths.fold`)."""

    def shown(self) -> dict[str, str]:
        """Give the values of a note on it."""
        return {"rows": _range(*self.rows), "tokens": _range(*self.tokens), "padding": f"{self.padding:.1%}"}


class Lengths:
    """The lengths of rows, in tokens of each stream that the model reads."""

    def __init__(self, rows: Indices, streams: Sequence[Indices], longest: int) -> None:
        self.rows = rows
        """The length of each row, which is that of its longest array."""
        self.streams = streams
        """The lengths of each stream of tokens."""
        self.longest = longest
        """The length of the longest row."""

    @classmethod
    def of(cls, shards: Shards) -> Self | None:
        """Give the lengths of stored rows; None if what the model reads of all has one length."""
        streams = [shards.lengths_of(name) for name in shards.names if is_tokens(name)]
        own = [lengths for lengths in streams if lengths is not None]
        rows = shards.lengths()
        return None if rows is None or not own else cls(rows, own, shards.row_length())

    @cached_property
    def tokens(self) -> Indices:
        """Give the tokens of each row, over all of its streams."""
        return np.sum(self.streams, axis=0, dtype=np.int64)

    @cached_property
    def classes(self) -> Indices:
        """Give a number for each row: rows of one number are padded to the same lengths, in all of their streams."""
        found: Indices = np.unique(self._padded, axis=0, return_inverse=True)[1].reshape(-1)
        return found

    @cached_property
    def _padded(self) -> Indices:
        """Give the length to which each stream of each row is padded: (rows, streams)."""
        return np.stack([length_class(each, self.longest) for each in self.streams], axis=1)

    def padded(self, longest: int) -> int:
        """Give the length to which rows are padded of which the longest has so many tokens."""
        return int(length_class(np.array([longest]), self.longest)[0])

    def fold(self, rows: Indices) -> int:
        """Give how many rows that are padded like these take no more room than one of the longest."""
        return self.longest // self.padded(int(self.rows[rows].max(initial=1)))

    def spread(self, order: Epochs) -> Spread:
        """Say what the steps of an order come to, whose classes are these: the same in each epoch."""
        assert order.members is not None
        counts, starts = np.diff(order.edges), order.edges[:-1]
        # Which rows of a class a step reads changes from epoch to epoch, but not how many of which class.
        widths = np.maximum.reduceat(self._padded[order.members], starts, axis=0)
        classes = self.classes[order.members]
        means = np.bincount(classes, weights=self.tokens[order.members]) / np.bincount(classes)
        tokens = np.add.reduceat(means[classes], starts)
        folds = self.longest // widths.max(axis=1)
        return Spread(
            (int(counts.min()), int(counts.max())),
            (round(float(tokens.min())), round(float(tokens.max()))),
            1 - float(self.tokens.sum()) / float((counts * widths.sum(axis=1)).sum()),
            int((-(-counts // folds)).max()),
        )


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,}–{most:,}"
