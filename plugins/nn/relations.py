"""Attention between two sequences, and by the distance of two tokens.

B rows, L queries a row, S keys a row, N heads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .visible import Visible


class Related(Visible):
    """What each query sees of other tokens, and what is added to its scores.

    `seen` (B, 1, L, S) is true where query (row) sees key (column); None is everywhere. `relative` (1, N, L, S) is added
    to the scores of what it sees. Made once a forward pass, for all layers.
    """

    def __init__(self, seen: Tensor | None, relative: Tensor | None = None) -> None:
        super().__init__(segments=None, causal=False)
        self.seen = seen
        # Made here and not when a layer asks for it, because a layer may be computed again for its gradients.
        if relative is not None and seen is not None:
            relative = relative.masked_fill(~seen, -torch.inf)
        self.relative = relative

    def dense(self) -> Tensor | None:
        """Give (B, 1, L, S), true where query (row) sees key (column); None is everywhere."""
        return self.seen

    def bias(self, scores: Tensor) -> Tensor:
        """Give what is added to scores (B, N, L, S), of the type of `scores`: minus infinity where nothing is seen."""
        return super().bias(scores) if self.relative is None else self.relative.to(scores.dtype)


def between(queries: Tensor | None, keys: Tensor | None, lengths: tuple[int, int]) -> Tensor | None:
    """Give what tokens of one stream see of another's, (B, 1, L, S): the document of their own number.

    `queries` (B, L) and `keys` (B, S) are segments, None where all is one document without padding. Padding sees all,
    so that no row of the softmax is empty.
    """
    if queries is None and keys is None:
        return None
    given = queries if queries is not None else keys
    assert given is not None
    rows, device = given.shape[0], given.device
    one, other = (
        torch.ones(rows, length, dtype=torch.long, device=device) if part is None else part
        for part, length in zip((queries, keys), lengths, strict=True)
    )
    one, other = one.unsqueeze(2), other.unsqueeze(1)
    return ((one == other) | (one == 0)).unsqueeze(1)


class RelativePositions(nn.Module):
    """What is added to the scores of attention by how far apart two tokens are, learned for each head.

    T5, Raffel et al. 2020 (arXiv:1910.10683, section 2.1): distances share buckets, each its own up to half of them and
    then in logarithmic steps up to `most`; beyond, all are one. With `causal` all buckets look back, otherwise half of them
    look ahead.
    """

    def __init__(self, heads: int, buckets: int, most: int, causal: bool) -> None:
        super().__init__()
        self.buckets, self.most, self.causal = buckets, most, causal
        self.embedding = nn.Embedding(buckets, heads)

    def forward(self, length: int, past: int = 0) -> Tensor:
        """Give the biases of a row of so many tokens, for the queries behind the first `past`: (1, N, L - past, L)."""
        place = torch.arange(length, device=self.embedding.weight.device)
        numbers = self.bucket(place - place[past:].unsqueeze(1))  # how far a key (column) lies behind its query (row)
        return self.embedding(numbers).permute(2, 0, 1).unsqueeze(0)

    def bucket(self, distance: Tensor) -> Tensor:
        """Give the bucket of each distance; one that is positive lies ahead."""
        buckets = self.buckets
        first = torch.zeros_like(distance)
        if self.causal:
            distance = (-distance).clamp_min(0)
        else:
            buckets //= 2
            first = buckets * (distance > 0).long()
            distance = distance.abs()
        exact = buckets // 2
        steps = torch.log(distance.clamp_min(1).float() / exact) / math.log(self.most / exact)
        far = exact + (steps * (buckets - exact)).long()
        return first + torch.where(distance < exact, distance, far.clamp_max(buckets - 1))


def sinusoids(positions: Tensor, size: int) -> Tensor:
    """Give sine and cosine of positions (..., L) in wave lengths from 2 pi to 10,000 x 2 pi: (..., L, size).

    Vaswani et al. 2017 (arXiv:1706.03762, section 3.5).
    """
    pairs = torch.arange(0, size, 2, device=positions.device, dtype=torch.float32)
    angles = positions.float().unsqueeze(-1) * 10_000.0 ** (-pairs / size)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)[..., :size]
