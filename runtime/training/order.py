"""Which rows a step reads: a pure function of (seed, step), so that resuming is arithmetic and nothing is stored.

Row `i` of an epoch is a keyed bijection of `i`: a Feistel network over the row count, whose domain is shrunk by
walking cycles (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

Indices = np.ndarray[Any, np.dtype[np.int64]]

_ROUNDS = 8
_BLOCK = 4096
"""Positions of a mixture in which the shares of its sources are exact."""


def key(*parts: object) -> int:
    """Give a number of 63 bits that depends on all parts: a seed for a generator of its own."""
    text = "\x1f".join(repr(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


class Keyed:
    """Random numbers by key: one generator, set back to the beginning of each, for making one takes 40 µs."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._bits)
        self._beginning: Any = self._bits.state

    def of(self, key: int) -> np.random.Generator:
        """Give the generator, at the beginning of the numbers of a key; it is no other's any more."""
        self._beginning["state"]["key"][0] = key
        self._bits.state = self._beginning
        return self._generator


def bijection(values: Indices, size: int, secret: int) -> Indices:
    """Permute 0…size-1: give the images of `values` under the permutation that `secret` names."""
    if size <= 1:
        return values.astype(np.int64)
    bits = max(math.ceil((size - 1).bit_length() / 2), 3)
    mask = np.uint64((1 << bits) - 1)
    rounds = [np.uint64(key(secret, turn)) for turn in range(_ROUNDS)]
    result = _feistel(values.astype(np.uint64), np.uint64(bits), mask, rounds)
    outside = result >= size
    while outside.any():
        result[outside] = _feistel(result[outside], np.uint64(bits), mask, rounds)
        outside = result >= size
    return result.astype(np.int64)


def _feistel(
    values: np.ndarray[Any, Any], bits: np.uint64, mask: np.uint64, rounds: Sequence[np.uint64]
) -> np.ndarray[Any, Any]:
    left, right = values >> bits, values & mask
    for secret in rounds:
        # The finaliser of SplitMix64 as the round function.
        mixed = right + secret
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        left, right = right, left ^ ((mixed ^ (mixed >> np.uint64(31))) & mask)
    return (left << bits) | right


class Order(Protocol):
    """Says which rows a step reads."""

    @property
    def steps_per_epoch(self) -> float:
        """Give how many steps go through as many rows as there are."""
        ...

    def rows(self, step: int) -> Indices:
        """Give the rows of a step, counted from 0."""
        ...

    def repeats(self, steps: int) -> dict[str, dict[str, float]]:
        """Give, for each source of a mixture, the rows read in so many steps, their share and the epochs."""
        ...


class _Blocks:
    """An order that is worked out for some thousand rows at once: arrays of a few rows cost mostly the calls."""

    def __init__(self, batch: int) -> None:
        self._steps = max(_BLOCK // batch, 1)
        self._last: tuple[int, list[Indices]] = (-1, [])

    def rows(self, step: int) -> Indices:
        """Give the rows of a step, counted from 0."""
        block, place = divmod(step, self._steps)
        last, batches = self._last
        if block != last:
            batches = self.batches(block * self._steps, self._steps)
            self._last = (block, batches)
        return batches[place]

    def batches(self, step: int, steps: int) -> list[Indices]:
        """Give the rows of so many steps from a step on."""
        raise NotImplementedError


class Epochs(_Blocks):
    """Reads every row exactly once an epoch.

    An epoch has ceil(count / batch) batches whose sizes differ by one row at most, so that none is a small rest.
    With `classes` (a number for each row, by its length) the rows of a batch are of one class, or of neighbours where
    a class ends; rows are permuted within their class, and the batches among themselves.

    With `sizes` (of each row, in tokens) a batch is so much of them, and not so many rows: the rows of a class count as
    its mean, so that where batches begin and end is the same in every epoch.
    """

    def __init__(
        self, count: int, batch: int, seed: int, classes: Indices | None = None, sizes: Indices | None = None
    ) -> None:
        self.count, self.seed = count, seed
        self.members: Indices | None = None
        """The rows in the order of their classes."""
        self.bounds = np.array([0, count], np.int64)
        """Where classes begin and end among them."""
        if classes is not None:
            self.members = np.argsort(classes, kind="stable")
            numbers = np.unique(classes, return_counts=True)[1]
            self.bounds = np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64)
        self.edges = self._even(batch) if sizes is None else self._even_in(sizes, batch)
        """Where batches do, before they are permuted."""
        self.in_epoch = len(self.edges) - 1
        super().__init__(math.ceil(count / self.in_epoch))

    def _even(self, batch: int) -> Indices:
        steps = math.ceil(self.count / batch)
        return np.arange(steps + 1, dtype=np.int64) * self.count // steps

    def _even_in(self, sizes: Indices, batch: int) -> Indices:
        """Give edges between which rows have about as much of something, at most `batch` on average."""
        ordered = sizes if self.members is None else sizes[self.members]
        reached = np.concatenate([[0], np.cumsum(np.add.reduceat(ordered, self.bounds[:-1]))])
        steps = max(math.ceil(int(reached[-1]) / batch), 1)
        wanted = np.arange(steps + 1) * (float(reached[-1]) / steps)
        # A row that is longer than a batch is one for itself.
        return np.unique(np.rint(np.interp(wanted, reached, self.bounds)).astype(np.int64))

    @property
    def steps_per_epoch(self) -> float:
        return float(self.in_epoch)

    def batches(self, step: int, steps: int) -> list[Indices]:
        """Give the rows of so many steps from a step on."""
        result: list[Indices] = []
        while len(result) < steps:
            epoch, first = divmod(step + len(result), self.in_epoch)
            numbers = np.arange(first, min(first + steps - len(result), self.in_epoch), dtype=np.int64)
            if len(self.bounds) > 2:
                numbers = bijection(numbers, self.in_epoch, key(self.seed, "batches", epoch))
            starts, ends = self.edges[numbers], self.edges[numbers + 1]
            slots = np.concatenate([np.arange(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
            rows = self._permute(slots, epoch)
            if self.members is not None:
                rows = self.members[rows]
            result += np.split(rows, np.cumsum(ends - starts)[:-1])
        return result

    def _permute(self, slots: Indices, epoch: int) -> Indices:
        groups = np.searchsorted(self.bounds, slots, side="right") - 1
        result = np.empty_like(slots)
        for group in np.unique(groups).tolist():
            chosen = groups == group
            start, end = int(self.bounds[group]), int(self.bounds[group + 1])
            secret = key(self.seed, "rows", epoch, group)
            result[chosen] = start + bijection(slots[chosen] - start, end - start, secret)
        return result

    def repeats(self, steps: int) -> dict[str, dict[str, float]]:
        return {}


@dataclass(frozen=True, slots=True)
class Source:
    """The rows `start` to `end` of a mixture, of which a share `weight` of all rows read is taken."""

    name: str
    start: int
    end: int
    weight: float


class Mixture(_Blocks):
    """Reads sources by weight, each in epochs of its own.

    The source of a row is drawn from (seed, position), so that shares are exact in every block of 4,096 rows and
    the number of rows that a source has given before any position is known without counting.
    """

    def __init__(self, sources: Sequence[Source], batch: int, seed: int) -> None:
        super().__init__(batch)
        self.sources = [source for source in sources if source.weight > 0]
        if len(self.sources) > _BLOCK // 4:
            raise ValueError(f"a mixture of {len(self.sources)} sources")
        total = sum(Fraction(source.weight) for source in self.sources)
        self.weights = [Fraction(source.weight) / total for source in self.sources]
        # It takes what rounding leaves of a block.
        self.largest = max(range(len(self.sources)), key=lambda i: self.weights[i])
        self.count = sum(source.end - source.start for source in self.sources)
        self.batch, self.seed = batch, seed
        self._drawn: dict[int, tuple[Indices, Indices]] = {}

    @property
    def steps_per_epoch(self) -> float:
        return self.count / self.batch

    def _given(self, block: int) -> list[int]:
        """Give how many rows each source has given before a block."""
        given = [math.floor(block * _BLOCK * weight) for weight in self.weights]
        given[self.largest] += block * _BLOCK - sum(given)
        return given

    def _block(self, block: int) -> tuple[Indices, Indices]:
        """Give the source of each position of a block, and how many rows that source has given before it."""
        if block not in self._drawn:
            before, after = self._given(block), self._given(block + 1)
            ends = np.cumsum([b - a for a, b in zip(before, after, strict=True)])
            slots = bijection(np.arange(_BLOCK, dtype=np.int64), _BLOCK, key(self.seed, "sources", block))
            sources = np.searchsorted(ends, slots, side="right").astype(np.int64)
            ranks = np.empty_like(sources)
            for number, start in enumerate(before):
                chosen = sources == number
                ranks[chosen] = start + np.arange(int(chosen.sum()))
            # Steps go forward: the block before is not asked for again.
            self._drawn = {k: v for k, v in self._drawn.items() if k >= block - 1} | {block: (sources, ranks)}
        return self._drawn[block]

    def draw(self, positions: Indices) -> tuple[Indices, Indices]:
        """Give the source of each position, and how many rows that source has given before it."""
        sources, ranks = np.empty_like(positions), np.empty_like(positions)
        for block in np.unique(positions // _BLOCK).tolist():
            chosen = positions // _BLOCK == block
            within = positions[chosen] % _BLOCK
            drawn, before = self._block(block)
            sources[chosen], ranks[chosen] = drawn[within], before[within]
        return sources, ranks

    def batches(self, step: int, steps: int) -> list[Indices]:
        """Give the rows of so many steps from a step on."""
        positions = np.arange(step * self.batch, (step + steps) * self.batch, dtype=np.int64)
        which, ranks = self.draw(positions)
        result = np.empty_like(positions)
        for number, source in enumerate(self.sources):
            size = source.end - source.start
            for epoch in np.unique(ranks[which == number] // size).tolist():
                chosen = (which == number) & (ranks // size == epoch)
                secret = key(self.seed, "rows", source.name, epoch)
                result[chosen] = source.start + bijection(ranks[chosen] % size, size, secret)
        return np.split(result, steps)

    def repeats(self, steps: int) -> dict[str, dict[str, float]]:
        position = steps * self.batch
        block = position // _BLOCK
        given = self._given(block)
        which, _ = self.draw(np.arange(block * _BLOCK, position, dtype=np.int64))
        for number, extra in enumerate(np.bincount(which, minlength=len(given)).tolist()):
            given[number] += extra
        return {
            source.name: {
                "rows": rows,
                "share": rows / position if position else 0.0,
                "epochs": rows / (source.end - source.start),
            }
            for source, rows in zip(self.sources, given, strict=True)
        }


def length_class(lengths: Indices, longest: int) -> Indices:
    """Give the length to which rows of each length are padded: four classes an octave, none beyond the longest."""
    safe = np.maximum(lengths, 1)
    grain = np.int64(1) << np.maximum(np.floor(np.log2(safe)).astype(np.int64) - 2, 3)
    return np.minimum(-(-safe // grain) * grain, max(longest, 1))
