"""Pick positions out of rows."""

from __future__ import annotations

import torch
from torch import Tensor


def gather_positions(hidden: Tensor, positions: Tensor) -> Tensor:
    """Pick the hidden states (B, L, H) at positions (B, K) of their rows: (B, K, H)."""
    rows, length, size = hidden.shape
    starts = torch.arange(rows, device=hidden.device).unsqueeze(1) * length
    flat = (positions + starts).flatten()
    return hidden.reshape(rows * length, size).index_select(0, flat).view(rows, -1, size)
