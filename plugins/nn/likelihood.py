"""Cross-entropy over a vocabulary without holding all its logits.

N positions, H hidden size, V vocabulary size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import MOST_LOGITS
from .cross_entropy import Options, summed
from .kernels import choose

PIECES = {"2^23": 2**23, "2^21": 2**21, "2^25": 2**25}
"""Logits that are held at once on the CPU, by name: small enough for its cache, and large enough for its products."""


def vocabulary_loss(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None = None,
    smoothing: float = 0.0,
    z_loss: float = 0.0,
) -> Tensor:
    """Sum the cross-entropy of targets (N,) under hidden states (N, H) projected by weight (V, H) and bias (V,), in float32.

    `smoothing` is the part of each target that is shared among all V (Szegedy et al. 2016, arXiv:1512.00567); `z_loss`
    weighs the square of the logarithm of the softmax's sum, which keeps logits small (PaLM, Chowdhery et al. 2022,
    arXiv:2204.02311, section 5). Targets that are IGNORED add nothing. Never are more than MOST_LOGITS logits held.
    """
    kind = hidden.device.type
    casts = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    dtype = torch.get_autocast_dtype(kind) if casts else hidden.dtype

    def sum_with(logits: int, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        rows = max(1, min(logits, MOST_LOGITS) // weight.shape[0])
        return summed(hidden, weight, bias, targets, Options(rows, dtype, smoothing, z_loss))

    logits = MOST_LOGITS
    vocabulary, size = weight.shape
    if kind == "cpu" and len(targets) * vocabulary > min(PIECES.values()):
        most = max(PIECES.values()) // vocabulary
        tried = (hidden[:most], weight, targets[:most])
        about = f"loss {'' if dtype == hidden.dtype else dtype} {size}x{vocabulary}".replace("torch.", "")
        logits = choose(" ".join(about.split()), PIECES, tried, sum_with)
    return sum_with(logits, hidden, weight, targets)
