"""The feed-forward half of a block. H hidden size, F inner size."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

ActivationName = Literal["gelu", "swiglu"]


class FeedForward(nn.Module):
    """Widen, bend with GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415), narrow."""

    def __init__(self, hidden_size: int, ffn_size: int, bias: bool) -> None:
        super().__init__()
        self.up = nn.Linear(hidden_size, ffn_size, bias=bias)
        self.output = nn.Linear(ffn_size, hidden_size, bias=bias)

    def forward(self, states: Tensor) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        return self.output(F.gelu(self.up(states)))


class GatedFeedForward(nn.Module):
    """Widen twice, one half gating the other: SwiGLU (Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, hidden_size: int, ffn_size: int, bias: bool) -> None:
        super().__init__()
        self.gate = nn.Linear(hidden_size, ffn_size, bias=bias)
        self.up = nn.Linear(hidden_size, ffn_size, bias=bias)
        self.output = nn.Linear(ffn_size, hidden_size, bias=bias)

    def forward(self, states: Tensor) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        return self.output(F.silu(self.gate(states)) * self.up(states))


def make_feedforward(activation: ActivationName, hidden_size: int, ffn_size: int, bias: bool) -> nn.Module:
    """Make the feed-forward layer of this activation."""
    kind = GatedFeedForward if activation == "swiglu" else FeedForward
    return kind(hidden_size, ffn_size, bias)
