"""Continues rows of tokens, one token a row a step, with the keys and values of what was read kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...plugins.nn.cache import Cache
from ...plugins.nn.network import Network
from ...plugins.values import Decoding
from ...plugins.writing import Opening
from .precision import autocast


@dataclass(slots=True, eq=False)
class Row:
    """A text that is being written: its tokens so far, the prompt's among them."""

    tokens: list[int]
    random: np.random.Generator
    """Its own, so that what is drawn for it doesn't depend on its neighbours."""
    source: Sequence[int] = ()
    """What it is written from, if the network reads two streams."""
    prefix: int = 0
    """How many tokens at its beginning see each other, also what stands before them."""
    ends: tuple[int, ...] = ()
    """Tokens that end it, beside the end token."""
    written: int = 0
    ended: str | None = None
    """Why nothing follows: end (the end token came), stop (a text to stop at came), length; None while it is open."""
    score: float | None = None
    """What a beam search compared it by: its log-likelihood, divided by a power of its length."""

    @classmethod
    def opened(cls, opening: Opening, random: np.random.Generator) -> Row:
        """Begin a text as an objective has it."""
        prefix = len(opening.tokens) if opening.prefix else 0
        return cls(list(opening.tokens), random, opening.source, prefix, opening.ends)


Hear = Callable[[Row, int | None], None]
"""Hears each token of a row, and None once it has ended; it may end the row."""


def window_start(length: int, context_length: int) -> int:
    """Give the first of so many tokens that the model still reads.

    A text that outgrows the context goes on: its oldest half is left out each time that the context is full, so that
    between half of the context and all of it is read, and most steps can go on from what was read before.
    """
    if length <= context_length:
        return 0
    half = max(context_length // 2, 1)
    return -(-(length - context_length) // half) * half


@dataclass(slots=True)
class Read:
    """Rows that went through the model together; ended ones stay until half of them are."""

    rows: list[Row]
    starts: list[int]
    cache: Cache
    beside: dict[str, torch.Tensor]
    """The arrays of a batch that stay the same: those of the source."""
    hidden: torch.Tensor
    """The last hidden state of each row (B, H)."""
    seen: torch.Tensor | None = None
    """Which tokens each row has (B, V)."""

    def can_go_on(self, context_length: int) -> bool:
        """Tell whether one more token a row fits behind what was read."""
        rows = zip(self.rows, self.starts, strict=True)
        same = all(row.ended or window_start(len(row.tokens), context_length) == start for row, start in rows)
        return same and self.cache.length < self.cache.size

    def keep_open(self) -> None:
        """Leave out the rows that have ended, if that is worth moving the others."""
        kept = [index for index, row in enumerate(self.rows) if not row.ended]
        if 2 * len(kept) > len(self.rows):
            return
        index = torch.tensor(kept, device=self.hidden.device)
        self.cache.keep(index)
        self.beside = {name: array[index] for name, array in self.beside.items()}
        self.rows, self.starts = [self.rows[i] for i in kept], [self.starts[i] for i in kept]
        if self.seen is not None:
            self.seen = self.seen[index]


class Writer:
    """Writes with a network: whatever its head gives for the last token is what the next one is chosen by."""

    def __init__(
        self,
        network: Network,
        decoding: Decoding,
        roles: Mapping[str, int],
        context_length: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.network, self.decoding, self.context_length = network, decoding, context_length
        self.device, self.dtype = device, dtype
        self.takes_cache = bool(getattr(network.body, "takes_cache", False))
        self.end = roles.get("end", -1)
        self.never = [roles[role] for role in ("mask", "pad") if role in roles and roles[role] != self.end]
        """Tokens that are no text."""

    @torch.no_grad()
    def write(self, rows: Sequence[Row], hear: Hear) -> None:
        """Write on until every row has ended: by the end token, by `max_tokens`, or by who hears it."""
        read: Read | None = None
        # One context for all steps: within it the weights are cast to a lower precision once.
        with autocast(self.device, self.dtype):
            while going := [row for row in rows if not row.ended]:
                if read is not None and self.takes_cache and read.can_go_on(self.context_length):
                    read.keep_open()
                    self._go_on(read)
                else:
                    read = self._read(going)
                for row, token in zip(read.rows, self._chosen(read), strict=True):
                    if not row.ended:
                        self._tell(row, token, hear)

    def _tell(self, row: Row, token: int, hear: Hear) -> None:
        if token == self.end or token in row.ends:
            row.ended = "end"
        else:
            row.tokens.append(token)
            row.written += 1
            hear(row, token)
            if not row.ended and row.written >= self.decoding.max_tokens:
                row.ended = "length"
        if row.ended:
            hear(row, None)

    def _read(self, rows: list[Row]) -> Read:
        """Read all that the model still sees of each row, padded on the left so that all end at the same place."""
        starts = [window_start(len(row.tokens), self.context_length) for row in rows]
        windows = [row.tokens[start:] for row, start in zip(rows, starts, strict=True)]
        longest = max(map(len, windows))
        beside = self._stream("source_", [row.source for row in rows]) if rows[0].source else {}
        batch = self._stream("target_" if beside else "", windows)
        if any(row.prefix for row in rows):
            ends = [longest - len(row.tokens) + row.prefix for row in rows]
            batch["prefix"] = (
                torch.arange(longest, device=self.device) < torch.tensor(ends, device=self.device)[:, None]
            )
        more = max(self.decoding.max_tokens - row.written for row in rows)
        cache = Cache(min(self.context_length, longest + more))
        return Read(rows, starts, cache, beside, self._hidden(batch | beside, cache))

    def _stream(self, name: str, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Make the arrays of a stream, with segments if there is padding."""
        longest = max(map(len, rows))
        padded = [[0] * (longest - len(row)) + list(row) for row in rows]
        stream = {f"{name}tokens": torch.tensor(padded, device=self.device)}
        if min(map(len, rows)) < longest:
            padding = torch.tensor([longest - len(row) for row in rows], device=self.device)
            stream[f"{name}segments"] = (torch.arange(longest, device=self.device) >= padding[:, None]).long()
        return stream

    def _go_on(self, read: Read) -> None:
        """Read the newest token of each row."""
        tokens = torch.tensor([row.tokens[-1:] for row in read.rows], device=self.device)
        name = "target_tokens" if read.beside else "tokens"
        read.hidden = self._hidden({name: tokens} | read.beside, read.cache)

    def _hidden(self, batch: dict[str, torch.Tensor], cache: Cache) -> torch.Tensor:
        return self.network.hidden(batch, cache if self.takes_cache else None)[:, -1]

    def _chosen(self, read: Read) -> list[int]:
        """Choose a token for each row."""
        assert self.network.head is not None
        logits: torch.Tensor = self.network.head(read.hidden).float()
        logits[:, self.never] = -torch.inf
        if read.seen is None:
            read.seen = torch.zeros_like(logits, dtype=torch.bool)
            for index, row in enumerate(read.rows):
                read.seen[index, torch.tensor(row.tokens, device=self.device)] = True
        numbers = [0.0 if row.ended else row.random.random(dtype=np.float32) for row in read.rows]
        chosen = self.decoding.choose(logits, read.seen, torch.tensor(numbers, device=self.device))
        read.seen[torch.arange(len(read.rows), device=self.device), chosen] = True
        tokens: list[int] = chosen.tolist()
        return tokens
