"""The weights of a stored checkpoint, whatever it holds beside its body.

With an adapter a checkpoint has two files. `model.safetensors` holds the body as the stage found it, by a hard link to
the checkpoint that it came from, if nothing was merged into that: ten adapters of one base cost the disk one base.
`adapter.safetensors` holds all that was trained: the adapter's weights and the head's. Two names of one file are safe
where files are never changed once they are sealed, and each artifact's digests are its own; taking away one name leaves
the other. And the body that was trained on is there to the bit when the adapter is trained further.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import safe_open
from torch import Tensor

if TYPE_CHECKING:
    from ..adapters import Adapter

Read = Callable[[Path], dict[str, Tensor]]
BODY, BESIDE = "model.safetensors", "adapter.safetensors"


def read(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file; SafetensorError or OSError if it isn't one."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def weights_of(folder: Path, read: Read = read) -> dict[str, Tensor]:
    """Give the weights of a checkpoint's folder, those of an adapter among them."""
    tensors = read(folder / BODY)
    if not (folder / BESIDE).exists():
        return tensors
    # A head in the body's file is one of the stage before.
    return {name: tensor for name, tensor in tensors.items() if name.startswith("body.")} | read(folder / BESIDE)


def plain_weights(folder: Path, adapter: Adapter | None, read: Read = read) -> dict[str, Tensor]:
    """Give the weights of a checkpoint as those of a network without adapters, if its adapter can be merged."""
    tensors = weights_of(folder, read)
    return adapter.merged(tensors) if adapter is not None and adapter.merges else tensors
