"""Where a token stands: positions within its document, and rotary embeddings.

B rows, L tokens a row, N heads, D head size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..models import RopeScaling


def document_positions(tokens: Tensor, segments: Tensor | None, past: int = 0) -> Tensor:
    """Count positions from the start of each document: (L,) without segments, else (B, L).

    `past` tokens a row were read before these; `segments` (B, past + L) has theirs too.
    """
    place = torch.arange(past + tokens.shape[1], device=tokens.device)
    if segments is None:
        return place[past:]
    starts = torch.ones_like(segments, dtype=torch.bool)
    starts[:, 1:] = segments[:, 1:] != segments[:, :-1]
    # The last start at or before each place: documents are contiguous, so a running maximum finds it.
    return (place - torch.where(starts, place, 0).cummax(dim=1).values)[:, past:]


def rotary_angles(
    positions: Tensor, head_size: int, base: float = 10_000.0, scaling: RopeScaling | None = None
) -> tuple[Tensor, Tensor]:
    """Give cosine and sine of each position's rotations: two of (..., 1, L, D / 2), in float32.

    RoFormer, Su et al. 2021 (arXiv:2104.09864). Made anew in each forward pass, once for all layers, so that there
    is no buffer to move, to save, or to outgrow.
    """
    pairs = torch.arange(0, head_size, 2, device=positions.device, dtype=torch.float32)
    frequencies = base ** (-pairs / head_size)
    if scaling is not None:
        frequencies = scaling.scaled(frequencies, base)
    angles = positions.float().unsqueeze(-1) * frequencies
    angles = angles.unsqueeze(-3)  # the same for all heads
    cosine, sine = angles.cos(), angles.sin()
    if scaling is None or scaling.magnitude == 1.0:
        return cosine, sine
    return cosine * scaling.magnitude, sine * scaling.magnitude


def rotate(states: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Turn queries or keys (B, N, L, D) by their positions; dimension i is paired with i + D / 2, as in Llama."""
    cosine, sine = (part.to(states.dtype) for part in angles)
    first, second = states.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)
