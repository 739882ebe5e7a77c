"""Ways to attend and to make the loss on CUDA, out of which the fastest is chosen. Untried: no GPU was at hand.

What a machine, a size or a mask can't be done with is left out when they are timed.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..values import IGNORED
from .visible import Visible

Attend = Callable[[Tensor, Tensor, Tensor, Visible], Tensor]


def backends(fused: Attend) -> dict[str, Attend]:
    """Give torch's own choice, each kernel behind it by name, and FlexAttention."""
    named = {
        "flash": SDPBackend.FLASH_ATTENTION,
        "cudnn": SDPBackend.CUDNN_ATTENTION,
        "efficient": SDPBackend.EFFICIENT_ATTENTION,
    }
    return {"fused": fused, **{name: _within(fused, kernel) for name, kernel in named.items()}, "flex": flex}


def _within(fused: Attend, kernel: SDPBackend) -> Attend:
    def attend(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
        with sdpa_kernel(kernel):
            return fused(query, key, value, visible)

    return attend


def flex(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Attend by FlexAttention, which leaves out whole blocks that no query sees (Dong et al. 2024, arXiv:2412.05496)."""
    if visible.relative is not None:
        raise RuntimeError("scores that are added to go through the fused kernel")
    given: Tensor = _compiled()(query, key, value, block_mask=visible.blocks(query, key))
    return given


@functools.cache
def _compiled() -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)


def has_cut_cross_entropy() -> bool:
    """Tell whether the package `cut-cross-entropy` is installed."""
    return importlib.util.find_spec("cut_cross_entropy") is not None


def cut_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum the cross-entropy without writing any logits (Wijmans et al. 2024, arXiv:2411.09009), without its filter."""
    from cut_cross_entropy import linear_cross_entropy

    loss: Tensor = linear_cross_entropy(
        hidden.to(dtype), weight.to(dtype), targets, ignore_index=IGNORED, reduction="sum", impl="cce_exact"
    )
    return loss.float()
