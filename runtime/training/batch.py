"""How many rows go through the model at once."""

from __future__ import annotations

import torch

from ...plugins.models import Model
from ...plugins.work import Recompute
from ..cost import machine_memory

_SHARE = 0.6
"""The part of the memory that activations may fill; the rest is for weights, optimizer and what others use."""


def micro_batch(
    asked: int | None,
    rows: int,
    model: Model,
    vocab_size: int,
    length: int,
    device: torch.device,
    recompute: Recompute = "none",
) -> int:
    """Give the rows that go through the model at once: all, or halves of them until memory should hold them."""
    if asked is not None:
        return min(asked, rows)
    memory = _memory(device)
    size = rows
    while memory is not None and size > 1:
        if model.activation_bytes(vocab_size, size, length, recompute) <= _SHARE * memory:
            break
        size = -(-size // 2)
    return size


def _memory(device: torch.device) -> int | None:
    """Give the bytes that the device has in all: what is free at the moment would make the choice a chance."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return machine_memory() if device.type == "cpu" else None
