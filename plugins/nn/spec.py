"""What the modules of a transformer are built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..models import FeedForward, Initialisation, RopeScaling

NormName = Literal["layer_norm", "rms_norm"]
ActivationName = Literal["gelu", "gelu_tanh", "relu", "swiglu", "geglu", "geglu_tanh"]
PositionName = Literal["learned", "rope"]
LayerName = Literal["local", "global"]

GATED = ("swiglu", "geglu", "geglu_tanh")
"""Activations with two matrices into the inner width, one of which gates the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The sizes and choices of a transformer's layers. Made by a model; every module takes what it needs of it.

    The sizes that a model may leave open are decided here: `head_size`, `kv_heads`, `ffn_size`.
    """

    layers: int
    hidden_size: int
    heads: int
    kv_heads: int
    head_size: int
    ffn_size: int
    context_length: int
    causal: bool
    feedforward: FeedForward
    initialisation: Initialisation
    dropout: float = 0.0
    norm: NormName = "layer_norm"
    norm_eps: float = 1e-5
    norm_first: bool = True
    """Whether the norms stand before what a layer adds, or behind the addition."""
    embedding_norm: bool = False
    qk_norm: bool = False
    activation: ActivationName = "gelu"
    bias: bool = True
    qkv_bias: bool = True
    positions: PositionName = "learned"
    rope_base: float = 10_000.0
    local_rope_base: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    sliding_window: int | None = None
    layer_pattern: tuple[LayerName, ...] = field(default=("global",))
    """Which layers see the window alone, from the first layer on and again from its start."""
    token_types: int = 0

    def is_local(self, layer: int) -> bool:
        """Tell whether a layer (from 0) sees the sliding window alone."""
        return self.sliding_window is not None and self.layer_pattern[layer % len(self.layer_pattern)] == "local"
