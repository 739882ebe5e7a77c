"""Cross-entropy over a vocabulary without holding all its logits.

N positions, H hidden size, V vocabulary size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ..values import IGNORED
from . import MOST_LOGITS


def vocabulary_loss(hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None = None) -> Tensor:
    """Sum the cross-entropy of targets (N,) under hidden states (N, H) projected by weight (V, H), in float32.

    `bias` (V,) is added to the logits.

    More than MOST_LOGITS logits are made in pieces, and made again in the backward pass.
    """
    pieces = max(1, -(-hidden.shape[0] * weight.shape[0] // MOST_LOGITS))
    if pieces == 1:
        return _piece(hidden, weight, targets, bias)
    size = -(-hidden.shape[0] // pieces)
    losses = []
    for some, wanted in zip(hidden.split(size), targets.split(size), strict=True):
        if torch.is_grad_enabled():
            losses.append(checkpoint(_piece, some, weight, wanted, bias, use_reentrant=False, preserve_rng_state=False))
        else:
            losses.append(_piece(some, weight, wanted, bias))
    return torch.stack(losses).sum()


def _piece(hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None) -> Tensor:
    logits = F.linear(hidden, weight, bias).float()
    return F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
