"""The last layer, made only where somebody reads it.

What stands behind a body often reads some of its hidden states: the masked positions, or the first token of a row. The
last layer then needs keys and values of all tokens, and all else of those alone: queries, what is made of them, and
the feed-forward half, which is two thirds of a layer.

B rows, L tokens a row, K positions of each that are read, N heads, D head size. Without padding (see `Unpadded`) rows
are one, of T tokens, of which M are read.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .gather import gather_positions
from .unpadded import Unpadded
from .visible import Visible


class Picked(Visible):
    """The positions (B, K) that are read, as the queries of a layer whose keys are all tokens."""

    by_itself = True

    def __init__(self, positions: Tensor, visible: Visible) -> None:
        super().__init__(segments=None, causal=False)
        self.positions, self.visible = positions, visible

    def of(self, states: Tensor) -> Tensor:
        """Take what stands at the positions out of (B, L, …): (B, K, …)."""
        return gather_positions(states, self.positions)

    def back(self, states: Tensor) -> Tensor:
        """Give what was made of the positions in their order: (B, K, H)."""
        return states

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend from the positions (B, N, K, D) to all tokens (B, N, L, D) that they see."""
        mask = None
        if self.visible.hides:
            rows = torch.arange(len(key), device=key.device).view(-1, 1, 1)
            if self.visible.segments is not None and len(self.visible.segments) == 1:
                rows = rows * 0  # one row that says it of all
            places = torch.arange(key.shape[2], device=key.device)
            mask = self.visible.sees(rows, rows, self.positions.unsqueeze(2), places).unsqueeze(1)  # (B, 1, K, L)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)


class PickedApart(Picked):
    """The same of a batch without its padding: positions (B, K) of its rows, as M of its T tokens."""

    def __init__(self, positions: Tensor, unpadded: Unpadded, visible: Visible) -> None:
        super().__init__(positions, visible)
        rows, length = unpadded.shape
        flat = (positions + torch.arange(rows).unsqueeze(1) * length).flatten()
        # Document by document, as keys and values lie.
        sorted_flat, self.order = flat.sort()
        # A row that is padding alone has no token; what is read of it, nobody uses.
        self.tokens = torch.searchsorted(unpadded.places, sorted_flat).clamp_max(len(unpadded.places) - 1)
        ends = torch.tensor(list(itertools.accumulate(unpadded.lengths)))
        document = torch.bucketize(self.tokens, ends, right=True)
        self.lengths = unpadded.lengths
        self.counts: list[int] = document.bincount(minlength=len(ends)).tolist()
        """How many positions of each document are read."""
        self.places = self.tokens - (ends - torch.tensor(unpadded.lengths))[document]

    def of(self, states: Tensor) -> Tensor:
        return states.index_select(1, self.tokens)

    def back(self, states: Tensor) -> Tensor:
        given = torch.empty_like(states[0]).index_copy(0, self.order, states[0])
        return given.view(*self.positions.shape, -1)

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend within each document: (1, N, M, D) to (1, N, T, D)."""
        queries = query.split(self.counts, dim=2)
        keys, values = key.split(self.lengths, dim=2), value.split(self.lengths, dim=2)
        mixed = []
        for q, k, v, at in zip(queries, keys, values, self.places.split(self.counts), strict=True):
            if len(at):
                mask = at.unsqueeze(1) >= torch.arange(k.shape[2]) if self.visible.causal else None
                mixed.append(F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
        return torch.cat(mixed, dim=2)
