"""A GPT-2 as one writes it down: learned positions, norms before, GELU, torch's fused attention, tied embeddings."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Layer(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))
        self.qkv, self.mixed = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.wide, self.narrow = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, states: Tensor) -> Tensor:
        rows, length, size = states.shape
        parts = self.qkv(self.norms[0](states)).view(rows, length, 3, self.heads, size // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        states = states + self.mixed(attended.transpose(1, 2).reshape(rows, length, size))
        return states + self.narrow(F.gelu(self.wide(self.norms[1](states))))


class GPT(nn.Module):
    def __init__(self, vocabulary: int, context: int, layers: int, size: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, size), nn.Embedding(context, size)
        self.layers = nn.ModuleList(Layer(size, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(size)
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                nn.init.normal_(part.weight, std=0.02)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        states = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        for layer in self.layers:
            states = layer(states)
        logits = F.linear(self.norm(states), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())
