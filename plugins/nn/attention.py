"""Self-attention within documents.

B rows, L tokens a row, H hidden size, N heads, G key-value heads, D head size (N x D = H).
"""

from __future__ import annotations

from torch import Tensor, nn

from .attend import attend
from .context import Context
from .positions import rotate


class Attention(nn.Module):
    """Attend with many heads (Vaswani et al. 2017, arXiv:1706.03762).

    With fewer key-value heads than heads, groups of heads share them (Ainslie et al. 2023, arXiv:2305.13245).
    """

    def __init__(self, hidden_size: int, heads: int, kv_heads: int, bias: bool) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_size = heads, kv_heads, hidden_size // heads
        self.sizes = (hidden_size, kv_heads * self.head_size, kv_heads * self.head_size)
        self.qkv = nn.Linear(hidden_size, sum(self.sizes), bias=bias)
        self.output = nn.Linear(hidden_size, hidden_size, bias=bias)

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map states (B, L, H) to (B, L, H)."""
        rows, length, hidden_size = states.shape
        query, key, value = self.qkv(states).split(self.sizes, dim=-1)
        query = query.view(rows, length, self.heads, self.head_size).transpose(1, 2)  # (B, N, L, D)
        key = key.view(rows, length, self.kv_heads, self.head_size).transpose(1, 2)  # (B, G, L, D)
        value = value.view(rows, length, self.kv_heads, self.head_size).transpose(1, 2)
        if context.angles is not None:
            query, key = rotate(query, context.angles), rotate(key, context.angles)
        if context.cache is not None:
            key, value = context.cache.extend(self, key, value)
        mixed = attend(query, key, value, context.visible)
        return self.output(mixed.transpose(1, 2).reshape(rows, length, hidden_size))
