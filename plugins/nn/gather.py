"""Pick positions out of rows."""

from __future__ import annotations

import torch
from torch import Tensor


def gather_positions(states: Tensor, positions: Tensor) -> Tensor:
    """Pick what stands at positions (B, K) of its rows out of (B, L, …): (B, K, …)."""
    rows, length = states.shape[:2]
    starts = torch.arange(rows, device=states.device).unsqueeze(1) * length
    picked = states.flatten(0, 1).index_select(0, (positions + starts).flatten())
    return picked.view(*positions.shape, *states.shape[2:])
