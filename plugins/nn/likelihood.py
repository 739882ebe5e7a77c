"""Cross-entropy over a vocabulary without holding all its logits.

N positions, H hidden size, V vocabulary size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..values import IGNORED
from . import MOST_LOGITS
from .backends import cut_cross_entropy, has_cut_cross_entropy
from .cross_entropy import Options, summed
from .kernels import choose
from .products import offers_onednn

PIECES = {"2^23": (2**23, False), "2^21": (2**21, False), "2^23 onednn": (2**23, True), "2^21 onednn": (2**21, True)}
"""Logits that are held at once on the CPU, and whether oneDNN multiplies: few enough for the cache, enough for a product."""

SMALL = 2**20
"""As many logits may lie in memory: fewer calls of torch count for more."""


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
    kind, dtype = hidden.device.type, dtype_of(hidden)

    def sum_with(way: tuple[int, bool], hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        logits, by_onednn = way
        rows = max(1, min(logits, MOST_LOGITS) // weight.shape[0])
        return summed(hidden, weight, bias, targets, Options(rows, dtype, smoothing, z_loss, by_onednn))

    way = (MOST_LOGITS, False)
    vocabulary, size = weight.shape
    if len(targets) * vocabulary <= min(SMALL, MOST_LOGITS):
        return _at_once(hidden, weight, targets, bias, smoothing, z_loss)
    if kind == "cpu":
        most = max(logits for logits, _ in PIECES.values()) // vocabulary
        ways = {name: way for name, way in PIECES.items() if not way[1] or offers_onednn(hidden)}
        about = f"loss {size}x{vocabulary}" if dtype == hidden.dtype else f"loss {size}x{vocabulary} {dtype}"
        way = choose(about, ways, (hidden[:most], weight, targets[:most]), sum_with)
    elif kind == "cuda" and has_cut_cross_entropy() and bias is None and not smoothing and not z_loss:
        ways_of_loss: dict[str, Callable[..., Tensor]] = {
            "own": lambda *given: sum_with(way, *given),
            "cut": partial(cut_cross_entropy, dtype=dtype),
        }
        given = (hidden, weight, targets)
        return choose(f"loss {size}x{vocabulary}", ways_of_loss, given, lambda way, *given: way(*given))(*given)
    return sum_with(way, hidden, weight, targets)


def dtype_of(hidden: Tensor) -> torch.dtype:
    """Give the type in which hidden states are multiplied with weights: autocast's, where it is on."""
    kind = hidden.device.type
    casts = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return torch.get_autocast_dtype(kind) if casts else hidden.dtype


def _at_once(
    hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None, smoothing: float, z_loss: float
) -> Tensor:
    logits = F.linear(hidden, weight, bias)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    loss = F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing)
    if z_loss:
        counted = logits.logsumexp(dim=-1).masked_fill(targets == IGNORED, 0)
        loss = loss + z_loss * counted.square().sum()
    return loss
