"""The number format of the forward and backward pass; weights and optimizer state stay in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def choose_precision(name: str | None, device: torch.device) -> torch.dtype:
    """Give the format of a name; `auto` is bfloat16 where the device has units for it, else float32.

    A default of the device, and no measurement: which format a file gets doesn't depend on how busy a machine was.
    """
    if name in (None, "auto"):
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    return torch.bfloat16 if name in ("bf16", "bfloat16") else torch.float32


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies in bfloat16: CUDA from Ampere on, CPUs with AVX-512 BF16 or AMX.

    What only converts it is slower than in float32, by 15 times where it was measured (docs/log.md).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Give the context in which the forward pass runs."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
