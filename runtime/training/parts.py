"""Tensors of which each rank holds a part (DTensors): all ranks write one safetensors file, and any number read it.

The planners of torch.distributed.checkpoint say which box of which tensor a rank writes or reads, so that no rank ever
holds a whole one. Of DCP's own formats nothing is used: they hold pickles.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from torch.distributed.checkpoint import DefaultLoadPlanner, DefaultSavePlanner
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    Metadata,
    TensorProperties,
    TensorStorageMetadata,
)
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor

_TYPES = {
    torch.int64: "I64",
    torch.float64: "F64",
    torch.float32: "F32",
    torch.int32: "I32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""The names of types in safetensors files, in the order in which they lie there: the largest first, so that all are aligned."""


def with_local(tensor: DTensor, local: torch.Tensor) -> DTensor:
    """Give a tensor that is shared out like another, of which this rank holds `local`, on the host."""
    mesh = tensor.device_mesh if tensor.device_mesh.device_type == "cpu" else _on_host(tensor.device_mesh)
    return _of(tensor, local, mesh)


@cache
def _on_host(mesh: DeviceMesh) -> DeviceMesh:
    return DeviceMesh("cpu", mesh.mesh)


def _of(tensor: DTensor, local: torch.Tensor, mesh: DeviceMesh) -> DTensor:
    return DTensor.from_local(local, mesh, tensor.placements, shape=tensor.shape, stride=tensor.stride())


def part_of(given: torch.Tensor, own: DTensor) -> DTensor:
    """Give the part of a whole tensor that this rank holds of `own`; no more of a file's tensor is read than that."""
    part = _of(own, torch.empty_like(own.to_local(), dtype=given.dtype), own.device_mesh)
    everything = ChunkStorageMetadata(torch.Size([0] * given.ndim), given.shape)
    stored = TensorStorageMetadata(TensorProperties(given.dtype), given.shape, [everything])
    planner = DefaultLoadPlanner(flatten_state_dict=False, flatten_sharded_tensors=False)
    planner.set_up_planner({"": part}, Metadata({"": stored}))
    for item in planner.create_local_plan().items:
        box = zip(item.storage_offsets, item.lengths, strict=True)
        planner.resolve_tensor(item).copy_(given[tuple(slice(start, start + length) for start, length in box)])
    return part


def write_parts(path: Path, tensors: Mapping[str, torch.Tensor], first: bool) -> None:
    """Write this rank's parts to their places in a safetensors file, and as the `first` one the header and whole tensors.

    Once all ranks have done so it is the file, to the bit, that one process writes of whole tensors. What `tensors` are
    called, their shapes and types are the same on all ranks.
    """
    header, places = _layout(tensors)
    mine = {name: tensor for name, tensor in tensors.items() if first or isinstance(tensor, DTensor)}
    planner = DefaultSavePlanner(flatten_state_dict=False, flatten_sharded_tensors=False)
    planner.set_up_planner(mine, is_coordinator=first)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb") as file:  # noqa: PTH123 — nothing is cut off
        if first:
            file.write(header)
        for item in planner.create_local_plan().items:
            part, tensor = planner.resolve_data(item), tensors[item.index.fqn]
            assert isinstance(part, torch.Tensor) and item.tensor_data is not None
            box = item.tensor_data.chunk
            assert box.sizes[1:] == tensor.shape[1:], "a part is a run of bytes: shared out along the first dimension"
            row = tensor.shape[1:].numel() * tensor.element_size()
            file.seek(places[item.index.fqn] + (box.offsets[0] * row if box.offsets else 0))
            file.write(part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        file.flush()
        os.fsync(file.fileno())


def _layout(tensors: Mapping[str, torch.Tensor]) -> tuple[bytes, dict[str, int]]:
    """Give the head of a safetensors file, and where in the file each tensor begins.

    The format: the length of a JSON text in 8 bytes, the text, filled up with spaces to a multiple of 8, and the tensors.
    """
    ranks = list(_TYPES)
    described, places, end = {}, {}, 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (ranks.index(item[1].dtype), item[0])):
        places[name], end = end, end + tensor.numel() * tensor.element_size()
        described[name] = {
            "dtype": _TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [places[name], end],
        }
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    return head, {name: len(head) + place for name, place in places.items()}
