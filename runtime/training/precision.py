"""The number format of the forward and backward pass; weights and optimizer state stay in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def choose_precision(name: str | None, device: torch.device) -> torch.dtype:
    """Give the format of a name; `auto` is bfloat16 where the device computes in it, else float32."""
    if name in (None, "auto"):
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if name in ("bf16", "bfloat16") else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Give the context in which the forward pass runs."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
