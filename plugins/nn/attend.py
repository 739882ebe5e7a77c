"""The kernels of attention, behind one function.

B rows, N heads, G key-value heads, L queries a row, S keys a row, D head size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .backends import backends
from .kernels import choose
from .visible import Visible

LEAST_SCORES, MOST_SCORES = 2**16, 2**26
"""Scores (B x N x L x S) that are worth a choice, and that are written to memory at most: 256 MiB in float32 a layer."""


def attend(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Mix the values that each query sees, weighted by softmax(query x key / sqrt(D)).

    `query` is (B, N, L, D), `key` and `value` (B, G, S, D) with N a multiple of G; gives (B, N, L, D). S is L, or more
    where a cache gave keys and values of tokens before these.
    """
    rows, heads, length, size = query.shape
    groups = heads // key.shape[1]
    if length == 1 and visible.relative is None and not visible.by_itself:
        # Heads that share keys are as good as more queries of one head, so that no cache is copied.
        shared = query.view(rows, heads // groups, groups, size)
        return F.scaled_dot_product_attention(shared, key, value, attn_mask=visible.dense()).view(query.shape)
    if groups > 1:
        # Not by enable_gqa: on CUDA, torch documents, it works with the flash kernel, which takes no mask, and with
        # the plain one, which keeps all L x L scores.
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    return mix(query, key, value, visible)


def mix(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Attend with as many key-value heads as heads, in the way that is fastest for the size on this machine."""
    if visible.by_itself:
        return visible.mix(query, key, value)
    rows, heads, length, size = query.shape
    scores, kind = rows * heads * length * key.shape[2], query.device.type
    if scores < LEAST_SCORES or kind not in ("cpu", "cuda") or (kind == "cpu" and scores > MOST_SCORES):
        return fused(query, key, value, visible)
    masked = " masked" if visible.segments is not None else ""
    masked += " relative" if visible.relative is not None else ""
    about = f"attention {heads}x{1 << (length - 1).bit_length()}x{size}{' causal' if visible.causal else ''}{masked}"
    ways = WAYS if kind == "cpu" else ON_CUDA
    way = choose(about, ways, (query, key, value), lambda way, *given: way(*given, visible))
    return way(query, key, value, visible)


def fused(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Attend by torch's fused kernel, which keeps no scores."""
    mask = visible.dense() if visible.relative is None else visible.bias(query)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=visible.causal and mask is None)


def products(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Attend by two batched matrix products: for short contexts faster on CPUs, above all in bfloat16."""
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))  # (B, N, L, L)
    return torch.matmul(F.softmax(scores + visible.bias(scores), dim=-1), value)


WAYS = {"fused": fused, "products": products}
ON_CUDA = backends(fused)
