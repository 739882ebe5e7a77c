"""Self-attention within documents.

B rows, L tokens a row, H hidden size, N heads, G key-value heads, D head size (N x D = H).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .positions import rotate


def attention_mask(segments: Tensor, causal: bool) -> Tensor:
    """Say what each token may look at: (B, 1, L, L), true where query (row) sees key (column).

    A token sees its own document alone, and with `causal` only what stands before it. Padding (segment 0) sees
    padding: every query sees at least itself, so no row of the softmax is empty, and nothing sees padding.
    """
    allowed = segments.unsqueeze(2) == segments.unsqueeze(1)
    if causal:
        length = segments.shape[1]
        allowed = allowed & torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return allowed.unsqueeze(1)


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

    def forward(
        self, states: Tensor, mask: Tensor | None, causal: bool, angles: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """Map states (B, L, H) to (B, L, H). Without a mask each row is one document."""
        rows, length, hidden_size = states.shape
        query, key, value = self.qkv(states).split(self.sizes, dim=-1)
        query = query.view(rows, length, self.heads, self.head_size).transpose(1, 2)  # (B, N, L, D)
        key = key.view(rows, length, self.kv_heads, self.head_size).transpose(1, 2)  # (B, G, L, D)
        value = value.view(rows, length, self.kv_heads, self.head_size).transpose(1, 2)
        if angles is not None:
            query, key = rotate(query, angles), rotate(key, angles)
        if self.kv_heads != self.heads:
            # Not by enable_gqa: on CUDA, torch documents, it works with the flash kernel, which takes no mask, and with
            # the plain one, which keeps all L x L scores.
            key = key.repeat_interleave(self.heads // self.kv_heads, dim=1)
            value = value.repeat_interleave(self.heads // self.kv_heads, dim=1)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal and mask is None)
        return self.output(mixed.transpose(1, 2).reshape(rows, length, hidden_size))
