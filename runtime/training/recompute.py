"""Activation checkpointing: what a layer computed is thrown away, and computed again for the backward pass.

Chen et al. 2016, arXiv:1604.06174. Losses and gradients have the same bits, dropout included.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from ...plugins.component import TaskFailed
from ...plugins.nn.parameters import layers_of
from ...plugins.work import Recompute

_aten = torch.ops.aten
_DEAR = {
    operator.default
    for operator in (
        _aten.mm,
        _aten.addmm,
        _aten.bmm,
        _aten.baddbmm,
        _aten._scaled_dot_product_flash_attention,
        _aten._scaled_dot_product_efficient_attention,
        _aten._scaled_dot_product_cudnn_attention,
        _aten._scaled_dot_product_flash_attention_for_cpu,
        _aten._scaled_dot_product_fused_attention_overrideable,
    )
}
"""What `selective` doesn't compute again: products of matrices, and attention."""


def recompute(body: nn.Module, what: Recompute) -> None:
    """Have the layers of a body, which lie in its nn.ModuleLists, computed again for the backward pass.

    In place, so that the names of the parameters stay. TaskFailed for a body without such layers.
    """
    if what == "none":
        return
    layers = list(layers_of(body))
    if not layers:
        raise TaskFailed("L0892", field="activation_checkpointing", help="L0892.help")
    for layer in layers:
        layer.forward = partial(_run, layer.forward, what)


def _run(forward: Callable[..., Any], what: Recompute, *given: Any, **named: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*given, **named)
    options: dict[str, Any] = {"use_reentrant": False}
    if what == "selective":
        options["context_fn"] = partial(create_selective_checkpoint_contexts, _policy)
    return checkpoint(forward, *given, **options, **named)


def _policy(context: Any, operator: Any, *given: Any, **named: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operator in _DEAR else CheckpointPolicy.PREFER_RECOMPUTE
