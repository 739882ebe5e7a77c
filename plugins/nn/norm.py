"""Normalisation layers."""

from __future__ import annotations

from torch import nn

from .spec import Spec


def make_norm(spec: Spec, size: int | None = None) -> nn.Module:
    """Make a norm over the last dimension, by default of the hidden size.

    `layer_norm` is Ba et al. 2016 (arXiv:1607.06450); `rms_norm` is Zhang & Sennrich 2019 (arXiv:1910.07467), which
    has no bias.
    """
    size = spec.hidden_size if size is None else size
    if spec.norm == "rms_norm":
        return nn.RMSNorm(size, eps=spec.norm_eps)
    return nn.LayerNorm(size, eps=spec.norm_eps, bias=spec.bias)
