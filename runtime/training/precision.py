"""The number format of the forward and backward pass; weights and optimizer state stay in float32."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from ...plugins.component import TaskFailed

_NEEDS = {"tf32": (8, 0), "fp8": (8, 9)}
"""Formats that only some GPUs have, from this compute capability on."""

_WITHOUT_BFLOAT16 = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"})
"""What oneDNN may be limited to, by its variable, so that it doesn't use a CPU's units for bfloat16."""


def choose_precision(name: str | None, device: torch.device) -> torch.dtype:
    """Give the format of a name; `auto` is bfloat16 where the device has units for it, else float32.

    A default of the device, and no measurement: which format a file gets doesn't depend on how busy a machine was.
    fp8 is bfloat16 but for the matrices of the body (see `compute_in_fp8`), tf32 is float32 but for what the GPU's
    matrix units read (see `torch_settings`). Raises TaskFailed on a device that doesn't have the format.
    """
    if name in (None, "auto"):
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    needed = _NEEDS.get(str(name))
    if needed is not None and (device.type != "cuda" or torch.cuda.get_device_capability(device) < needed):
        raise TaskFailed("L0890", {"precision": str(name), "device": device.type}, help="L0890.help")
    return {"bf16": torch.bfloat16, "fp8": torch.bfloat16, "fp16": torch.float16}.get(str(name), torch.float32)


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies in bfloat16: CUDA from Ampere on, CPUs with AVX-512 BF16 or AMX.

    What only converts it is slower than in float32, by 15 times where it was measured (docs/log.md).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "xla":
        return True
    if device.type == "cpu":
        limited = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper() in _WITHOUT_BFLOAT16
        return not limited and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Give the context in which the forward pass runs."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)


def compute_in_fp8(body: nn.Module, emulate: bool = False) -> None:
    """Have the linear layers of a body multiply in fp8, their weights staying as they are. Untried on a GPU.

    Scales are for whole tensors and made anew each time (torchao's recipe `tensorwise`). `emulate` computes the same
    in float32, for tests. Raises TaskFailed without the package torchao.
    """
    try:
        from torchao.float8 import Float8LinearConfig, convert_to_float8_training
    except ImportError as error:
        raise TaskFailed("L0891", {"package": "torchao"}, help="L0891.help") from error

    def fits(module: nn.Module, name: str) -> bool:
        # The matrix units take multiples of 16.
        # A layer with an adapter is more than its matrix.
        return type(module) is nn.Linear and not (module.in_features % 16 or module.out_features % 16)

    convert_to_float8_training(body, module_filter_fn=fits, config=Float8LinearConfig(emulate=emulate))
