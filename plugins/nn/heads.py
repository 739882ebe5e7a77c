"""What objectives put on a body.

B rows, L tokens a row, H hidden size, V vocabulary size, C classes.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..models import Shape
from .initial import draw

Pooling = Literal["last", "first", "mean"]

_DEVIATION, _WIDTH = 0.02, 768
"""GPT-2's first weights and width."""


class VocabularyHead(nn.Module):
    """Project hidden states to the vocabulary, by the token embedding itself (tied) or by weights of its own.

    Tying is Press & Wolf 2017 (arXiv:1608.05859). A tied head holds the same Parameter, which `named_parameters`
    gives once, under the body's name.
    """

    bias: Tensor | None

    def __init__(self, embedding: nn.Embedding, shape: Shape) -> None:
        super().__init__()
        self.register_parameter("bias", None)
        if shape.tied_embeddings:
            self.weight = embedding.weight
        else:
            own = nn.Linear(embedding.embedding_dim, embedding.num_embeddings, bias=False)
            draw(own, _usual(shape) if shape.readout is None else shape.readout)
            self.weight = own.weight

    def features(self, hidden: Tensor) -> Tensor:
        """Give what is projected (..., H), so that a loss may project in pieces."""
        return hidden

    def forward(self, hidden: Tensor) -> Tensor:
        """Give the logits of hidden states (..., H): (..., V)."""
        return F.linear(self.features(hidden), self.weight, self.bias)


class MaskedHead(VocabularyHead):
    """Transform hidden states before they are projected, as BERT does (Devlin et al. 2019, arXiv:1810.04805)."""

    def __init__(self, embedding: nn.Embedding, shape: Shape) -> None:
        super().__init__(embedding, shape)
        self.transform = nn.Linear(shape.hidden_size, shape.hidden_size, bias=shape.bias)
        self.norm = nn.LayerNorm(shape.hidden_size, eps=shape.norm_eps, bias=shape.bias)
        draw(self.transform, _usual(shape))
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))

    def features(self, hidden: Tensor) -> Tensor:
        """Transform hidden states (..., H) into what is projected (..., H)."""
        return self.norm(F.gelu(self.transform(hidden)))


class ClassificationHead(nn.Module):
    """Pool the hidden states of a row and project them to the classes.

    With `pooler`, what was pooled goes through a layer with tanh first, as in BERT. A causal body's projection has no
    bias, as on the hub.
    """

    def __init__(self, shape: Shape, classes: int, pooling: Pooling, dropout: float, pooler: bool = False) -> None:
        super().__init__()
        self.pooling = pooling
        self.pooler = nn.Linear(shape.hidden_size, shape.hidden_size) if pooler else None
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(shape.hidden_size, classes, bias=shape.attention != "causal")
        draw(self, _usual(shape))
        # Small: training begins from no opinion.
        draw(self.linear, _DEVIATION if shape.readout is None else shape.readout)

    def position(self, tokens: Tensor, segments: Tensor | None) -> Tensor | None:
        """Give the position of each row (B, 1) that stands for it, or None if all of them do."""
        if self.pooling == "mean":
            return None
        if self.pooling == "first" or segments is None:
            return tokens.new_full((len(tokens), 1), 0 if self.pooling == "first" else tokens.shape[1] - 1)
        return segments.ne(0).sum(dim=1, keepdim=True) - 1

    def forward(self, hidden: Tensor, segments: Tensor | None) -> Tensor:
        """Give the logits (B, C) of the mean of hidden states (B, L, H); segment 0 is padding at the end of a row."""
        pooled = mean(hidden, segments)
        if self.pooler is not None:
            pooled = torch.tanh(self.pooler(pooled))
        return self.linear(self.dropout(pooled))


class TokenHead(nn.Module):
    """Project each hidden state to the classes."""

    def __init__(self, shape: Shape, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(shape.hidden_size, classes)
        draw(self.linear, _DEVIATION if shape.readout is None else shape.readout)

    def forward(self, hidden: Tensor) -> Tensor:
        """Give the logits (B, L, C) of hidden states (B, L, H)."""
        return self.linear(self.dropout(hidden))


def _usual(shape: Shape) -> float:
    """Give the standard deviation of first weights that GPT-2 has at its width."""
    return _DEVIATION * math.sqrt(_WIDTH / shape.hidden_size)


def mean(hidden: Tensor, segments: Tensor | None) -> Tensor:
    """Make one vector a row: (B, L, H) -> (B, H), from the row's tokens without its padding."""
    if segments is None:
        return hidden.mean(dim=1)
    real = segments.ne(0)
    kept = hidden.masked_fill(~real.unsqueeze(-1), 0)
    return kept.sum(dim=1) / real.sum(dim=1, keepdim=True).to(hidden.dtype)
