"""Normalisation layers."""

from __future__ import annotations

from typing import Literal

from torch import nn

NormName = Literal["layer_norm", "rms_norm"]


def make_norm(name: NormName, size: int, bias: bool) -> nn.Module:
    """Make a norm over the last dimension.

    `layer_norm` is Ba et al. 2016 (arXiv:1607.06450); `rms_norm` is Zhang & Sennrich 2019 (arXiv:1910.07467), which
    has no bias.
    """
    if name == "rms_norm":
        return nn.RMSNorm(size, eps=1e-6)
    return nn.LayerNorm(size, eps=1e-5, bias=bias)
