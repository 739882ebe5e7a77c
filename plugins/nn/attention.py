"""Self-attention within documents.

B rows, L tokens a row, H hidden size, N heads, G key-value heads, D head size.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from .attend import attend
from .context import Context
from .norm import make_norm
from .positions import rotate
from .spec import Spec


class Attention(nn.Module):
    """Attend with many heads (Vaswani et al. 2017, arXiv:1706.03762).

    With fewer key-value heads than heads, groups of heads share them (Ainslie et al. 2023, arXiv:2305.13245). With
    `qk_norm` queries and keys are normalised within each head (Henry et al. 2020, arXiv:2010.04245; Qwen 3).
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_size = spec.heads, spec.kv_heads, spec.head_size
        self.sizes = (spec.heads * spec.head_size, spec.kv_heads * spec.head_size, spec.kv_heads * spec.head_size)
        self.qkv = nn.Linear(spec.hidden_size, sum(self.sizes), bias=spec.qkv_bias)
        self.query_norm = make_norm(spec, spec.head_size) if spec.qk_norm else None
        self.key_norm = make_norm(spec, spec.head_size) if spec.qk_norm else None
        self.output = nn.Linear(spec.heads * spec.head_size, spec.hidden_size, bias=spec.bias)
        scale = spec.initialisation.attention_scale(spec.head_size)
        # The kernels divide by sqrt(D); another scale is brought in through the queries.
        self.query_scale = None if scale is None else scale * math.sqrt(spec.head_size)

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map states (B, L, H) to (B, L, H), or to (B, K, H) where the context picks positions."""
        rows, length, _ = states.shape
        query, key, value = self.qkv(states).split(self.sizes, dim=-1)
        query = query.view(rows, length, self.heads, self.head_size)
        key = key.view(rows, length, self.kv_heads, self.head_size)
        if self.query_norm is not None and self.key_norm is not None:
            query, key = self.query_norm(query), self.key_norm(key)
        query, key = query.transpose(1, 2), key.transpose(1, 2)  # (B, N, L, D) and (B, G, L, D)
        value = value.view(rows, length, self.kv_heads, self.head_size).transpose(1, 2)
        if self.query_scale is not None:
            query = query * self.query_scale
        if context.angles is not None:
            query, key = rotate(query, context.angles), rotate(key, context.angles)
        if context.cache is not None:
            key, value = context.cache.extend(self, key, value)
        visible = context.visible
        if context.picked is not None:
            query, visible = context.picked.of(query.transpose(1, 2)).transpose(1, 2), context.picked
        mixed = attend(query, key, value, visible)  # (B, N, L, D)
        return self.output(mixed.transpose(1, 2).flatten(2))
