"""The feed-forward half of a block. H hidden size, F inner size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .context import Context
from .spec import GATED, ActivationName, Spec

ACTIVATIONS: dict[ActivationName, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "relu": F.relu,
    "swiglu": F.silu,
    "geglu": F.gelu,
    "geglu_tanh": partial(F.gelu, approximate="tanh"),
}
"""GELU is Hendrycks & Gimpel 2016 (arXiv:1606.08415), with tanh its approximation that GPT-2 was trained with; SwiGLU
and GeGLU are Shazeer 2020 (arXiv:2002.05202), whose gate is bent and multiplied with the rest."""


class FeedForward(nn.Module):
    """Widen, bend, narrow; a gated activation widens twice."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.bend = ACTIVATIONS[spec.activation]
        gated = spec.activation in GATED
        self.gate = nn.Linear(spec.hidden_size, spec.ffn_size, bias=spec.bias) if gated else None
        self.up = nn.Linear(spec.hidden_size, spec.ffn_size, bias=spec.bias)
        self.output = nn.Linear(spec.ffn_size, spec.hidden_size, bias=spec.bias)

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        if self.gate is None:
            return self.output(self.bend(self.up(states)))
        return self.output(self.bend(self.gate(states)) * self.up(states))
