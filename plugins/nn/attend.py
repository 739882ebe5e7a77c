"""The kernels of attention, behind one function.

B rows, N heads, G key-value heads, L queries a row, S keys a row, D head size.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .visible import Visible


def attend(query: Tensor, key: Tensor, value: Tensor, visible: Visible) -> Tensor:
    """Mix the values that each query sees, weighted by softmax(query x key / sqrt(D)).

    `query` is (B, N, L, D), `key` and `value` (B, G, S, D) with N a multiple of G; gives (B, N, L, D). S is L, or more
    where a cache gave keys and values of tokens before these.
    """
    rows, heads, length, size = query.shape
    groups = heads // key.shape[1]
    if groups > 1 and length == 1:
        # Heads that share keys are as good as more queries of one head, so that no cache is copied.
        shared = query.view(rows, heads // groups, groups, size)
        return F.scaled_dot_product_attention(shared, key, value, attn_mask=visible.dense()).view(query.shape)
    if groups > 1:
        # Not by enable_gqa: on CUDA, torch documents, it works with the flash kernel, which takes no mask, and with
        # the plain one, which keeps all L x L scores.
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    mask = visible.dense()
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=visible.causal and mask is None)
