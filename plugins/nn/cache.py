"""What a body remembers of the tokens that it has read, so that the next ones alone go through it.

B rows, G key-value heads, L new tokens a row, S tokens so far, the new ones among them, D head size.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Cache:
    """The keys and values of all attention layers (B, G, S, D), and the segments of their tokens.

    Each layer's room for `size` tokens a row is taken at once, when it first comes by. Rows of different lengths are
    padded on the left, so that all go on at the same place.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.past = 0
        """Tokens a row that were read before the pass that is going on, padding among them."""
        self.length = 0
        """Tokens a row, those of this pass included: S."""
        self.segments: Tensor | None = None
        self._layers: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        self._source: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def begin(self, tokens: Tensor, segments: Tensor | None) -> Tensor | None:
        """Begin a forward pass over the next tokens (B, L): give the segments (B, S) of all, or None if all is one document.

        Tokens without segments go on with the document that was read last.
        """
        rows, new = tokens.shape
        self.past, self.length = self.length, self.length + new
        assert self.length <= self.size, f"{self.length} tokens, room for {self.size}"
        # One token that comes last sees all others, and needs no segments to say so.
        if self.segments is not None or segments is not None or (self.past and new > 1):
            before = self.segments
            if before is None:
                before = torch.ones(rows, self.past, dtype=torch.long, device=tokens.device)
            if segments is None:
                last = before[:, -1:] if self.past else torch.ones_like(tokens[:, :1])
                segments = last.expand(rows, new)
            self.segments = torch.cat((before, segments), dim=1)
        return self.segments

    def extend(self, layer: nn.Module, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keep a layer's new keys and values (B, G, L, D); give all of them (B, G, S, D)."""
        if layer not in self._layers:
            rows, groups, _, size = key.shape
            room = (rows, groups, self.size, size)
            self._layers[layer] = (key.new_empty(room), value.new_empty(room))
        keys, values = self._layers[layer]
        keys[:, :, self.past : self.length] = key
        values[:, :, self.past : self.length] = value
        return keys[:, :, : self.length], values[:, :, : self.length]

    def of_source(self, layer: nn.Module, make: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Give a layer's keys and values of what the text is written from, which are made in the first pass alone."""
        if layer not in self._source:
            self._source[layer] = make()
        return self._source[layer]

    def copy(self, rows: Tensor, into: Tensor) -> None:
        """Have rows (K,) go on from what others (K,) have read of their own text, the source being the same."""
        for kept in self._layers.values():
            for states in kept:
                states[into, :, : self.length] = states[rows, :, : self.length]

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these (K,), by their numbers; one may be kept several times."""
        self._layers, self._source = (
            {layer: (keys[rows], values[rows]) for layer, (keys, values) in kept.items()}
            for kept in (self._layers, self._source)
        )
        if self.segments is not None:
            self.segments = self.segments[rows]
