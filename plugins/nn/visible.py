"""Who sees whom: what attention is masked by.

B rows, L queries a row, S keys a row.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask


class Visible:
    """Which keys each query sees: those of its own document, with `causal` only what stands at or before it.

    `segments` (B, S) numbers the documents within a row from 1, 0 being padding; None says that every row is one
    document without padding. Padding sees padding: every query sees at least itself, so no row of the softmax is
    empty, and nothing else sees padding. Made once a forward pass, for all layers: each form that a kernel takes is
    made when the first one asks for it. The queries are the last of the tokens: `past` were read before them.

    `prefix` (B, S) is true for keys that all of their document sees, what stands before them too: with one at the
    start of each document a causal model reads it both ways and goes on from there (Raffel et al. 2020,
    arXiv:1910.10683, section 3.2.1). With a `window`, which needs segments, a query sees only what is near: with
    `causal` so many tokens, itself the last of them (Mistral, Jiang et al. 2023, arXiv:2310.06825), else so many to
    each side.
    """

    by_itself: ClassVar[bool] = False
    """Whether it attends in a way of its own, `mix`, whatever kernels there are."""
    relative: Tensor | None = None
    """What is added to the scores of what is seen; see `Related`."""

    def __init__(
        self,
        segments: Tensor | None,
        causal: bool,
        past: int = 0,
        prefix: Tensor | None = None,
        window: int | None = None,
    ) -> None:
        assert window is None or segments is not None, "a window is put into a mask, which is made from segments"
        self.segments, self.causal, self.past, self.window = segments, causal, past, window
        self.prefix = prefix if causal else None
        self._dense: Tensor | None = None
        self._bias: Tensor | None = None
        self._blocks: BlockMask | None = None

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend in its own way: (B, N, L, D) to (B, N, S, D)."""
        raise NotImplementedError(f"{type(self).__name__} leaves it to the kernels")

    @property
    def hides(self) -> bool:
        """Whether a query may not see a key of its row."""
        return self.causal or self.segments is not None

    def dense(self) -> Tensor | None:
        """Give (B, 1, L, S), true where query (row) sees key (column); None if `causal` alone says it."""
        if self.segments is None and self.prefix is None:
            return None
        if self._dense is None:
            self._dense = self._made().unsqueeze(1)
        return self._dense

    def _made(self) -> Tensor:
        """Make (B, L, S) out of documents and the order within them."""
        given = self.segments if self.segments is not None else self.prefix
        assert given is not None
        ordered = torch.ones(given.shape[1], given.shape[1], dtype=torch.bool, device=given.device)
        if self.causal:
            ordered = ordered.tril()
        allowed = ordered[self.past :].unsqueeze(0)
        if self.prefix is not None:
            allowed = allowed | self.prefix.unsqueeze(1)
        if self.window is not None:
            place = torch.arange(given.shape[1], device=given.device)
            distance = place[self.past :].unsqueeze(1) - place
            allowed = allowed & (distance < self.window if self.causal else distance.abs() <= self.window)
        if self.segments is not None:
            allowed = allowed & (self.segments[:, self.past :].unsqueeze(2) == self.segments.unsqueeze(1))
        return allowed

    def sees(self, row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        """Tell of single places whether a query sees a key, as FlexAttention asks."""
        place = query + self.past
        seen = place >= key if self.causal else torch.ones_like(place >= key)
        if self.prefix is not None:
            seen = seen | self.prefix[row, key]
        if self.window is not None:
            distance = place - key
            seen = seen & (distance < self.window if self.causal else distance.abs() <= self.window)
        if self.segments is not None:
            seen = seen & (self.segments[row, place] == self.segments[row, key])
        return seen

    def blocks(self, queries: Tensor, keys: Tensor) -> BlockMask:
        """Give the blocks of FlexAttention for queries (B, N, L, D) and keys (B, N, S, D)."""
        if self._blocks is None:
            rows = queries.shape[0] if self.segments is not None or self.prefix is not None else None
            sizes = (queries.shape[2], keys.shape[2])

            def sees(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
                return self.sees(row, head, query, key)  # a method's `self` would be counted as an argument

            self._blocks = create_block_mask(sees, rows, None, *sizes, device=queries.device)
        return self._blocks

    def bias(self, scores: Tensor) -> Tensor:
        """Give what is added to scores (B, N, L, S) of their type, 0 where seen and minus infinity elsewhere."""
        if self._bias is None or self._bias.dtype != scores.dtype:
            seen = self.dense()
            if seen is None:
                seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
                seen = seen.tril(self.past) if self.causal else seen
            self._bias = torch.zeros(seen.shape, dtype=scores.dtype, device=seen.device).masked_fill_(~seen, -torch.inf)
        return self._bias
