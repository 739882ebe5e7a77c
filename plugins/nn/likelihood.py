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
    arXiv:2204.02311, section 5). Targets that are IGNORED add nothing. More than MOST_LOGITS logits are made in
    pieces, and made again in the backward pass.
    """

    def piece(hidden: Tensor, targets: Tensor) -> Tensor:
        return _piece(hidden, weight, targets, bias, smoothing, z_loss)

    pieces = max(1, -(-hidden.shape[0] * weight.shape[0] // MOST_LOGITS))
    if pieces == 1:
        return piece(hidden, targets)
    size = -(-hidden.shape[0] // pieces)
    losses = []
    for some, wanted in zip(hidden.split(size), targets.split(size), strict=True):
        if torch.is_grad_enabled():
            losses.append(checkpoint(piece, some, wanted, use_reentrant=False, preserve_rng_state=False))
        else:
            losses.append(piece(some, wanted))
    return torch.stack(losses).sum()


def _piece(
    hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None, smoothing: float, z_loss: float
) -> Tensor:
    logits = F.linear(hidden, weight, bias).float()
    loss = F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing)
    if z_loss:
        counted = logits.logsumexp(dim=-1).masked_fill(targets == IGNORED, 0)
        loss = loss + z_loss * counted.square().sum()
    return loss
