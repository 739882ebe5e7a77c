"""Batches without their padding: all documents one behind the other, as one long row.

What a layer does to each token by itself is then done to tokens alone, and attention goes from document to document,
so that there is neither padding nor a mask (Portes et al. 2023, arXiv:2312.17482; Zeng et al. 2022, arXiv:2208.08124).

B rows, L tokens a row, T tokens that are no padding, H hidden size, N heads, D head size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .visible import Visible

LEAST_TOKENS = 24
"""The mean length of documents from which on it pays to attend within each: below, calls take longer than products."""


class Unpadded:
    """Where the tokens of a batch stand that are no padding, and how long each document is.

    `segments` (B, L) numbers the documents within a row from 1, 0 being padding. It reads them, which on an accelerator
    would make the host wait: it is for the CPU.
    """

    def __init__(self, segments: Tensor) -> None:
        self.shape = segments.shape
        numbers = segments.long() + torch.arange(len(segments)).unsqueeze(1) * (int(segments.max()) + 1)
        self.places = segments.flatten().nonzero().squeeze(1)
        _, lengths = numbers.flatten()[self.places].unique_consecutive(return_counts=True)
        self.lengths: list[int] = lengths.tolist()
        """Tokens of each document, in their order."""

    @property
    def pays(self) -> bool:
        """Tell whether documents are long enough for it."""
        return len(self.places) >= LEAST_TOKENS * len(self.lengths) > 0

    def flat(self, given: Tensor) -> Tensor:
        """Take the tokens out of an array (B, L): (1, T)."""
        return given.flatten()[self.places].unsqueeze(0)

    def rows(self, states: Tensor) -> Tensor:
        """Put hidden states (1, T, H) back into their rows, padding being 0: (B, L, H)."""
        rows, length = self.shape
        whole = states.new_zeros(rows * length, states.shape[-1])
        return whole.index_copy(0, self.places, states.squeeze(0)).view(rows, length, -1)


class Apart(Visible):
    """What is seen in a row of documents of these lengths, without padding: with `causal` what stands before, else all."""

    by_itself = True

    def __init__(self, lengths: list[int], causal: bool) -> None:
        super().__init__(segments=None, causal=causal)
        self.lengths = lengths

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attend within each document: (1, N, T, D), the same shape for all."""
        if len(self.lengths) == 1:
            return F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        parts = zip(*(each.split(self.lengths, dim=2) for each in (query, key, value)), strict=True)
        mixed = [F.scaled_dot_product_attention(q, k, v, is_causal=self.causal) for q, k, v in parts]
        return torch.cat(mixed, dim=2)
