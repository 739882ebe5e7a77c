"""Ranks write their parts into one file, which is what one process writes; as many others read theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from llx.runtime.training.parts import part_of, write_parts
from llx.runtime.training.weights import copied, read_tensors, write_tensors
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore


@contextmanager
def as_rank(rank: int, size: int) -> Iterator[dist.DeviceMesh]:
    """Be one of several ranks, of which no other is there."""
    dist.init_process_group("fake", rank=rank, world_size=size, store=FakeStore())
    try:
        yield init_device_mesh("cpu", (size,))
    finally:
        dist.destroy_process_group()


def shared_out(tensor: torch.Tensor, mesh: dist.DeviceMesh) -> DTensor:
    return distribute_tensor(tensor, mesh, [Shard(0)], src_data_rank=None)


def tensors() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return {
        "matrix": torch.randn(7, 5, generator=draw),
        "low": torch.randn(4, 3, 2, generator=draw).bfloat16(),
        "single": torch.randn(1, generator=draw),
        "flags": torch.tensor([True, False, True]),
        "wide": torch.randn(5, generator=draw).double(),
    }


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_file_of_parts_is_to_the_bit_the_file_of_one_process(tmp_path: Path, size: int) -> None:
    """Seven rows of two ranks are four and three; of a single number the others hold nothing."""
    beside = {"step": torch.tensor(12.0), "count": torch.arange(3)}
    write_tensors(tmp_path / "whole", tensors() | beside)
    for rank in reversed(range(size)):
        with as_rank(rank, size) as mesh:
            held = copied({name: shared_out(tensor, mesh) for name, tensor in tensors().items()} | beside)
            write_parts(tmp_path / "parts", held, rank == 0)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_as_many_ranks_as_there_are_read_their_parts(tmp_path: Path) -> None:
    write_tensors(tmp_path / "whole", tensors())
    for name, tensor in read_tensors(tmp_path / "whole").items():
        read = []
        for rank in range(3):
            with as_rank(rank, 3) as mesh:
                own = shared_out(torch.zeros_like(tensor), mesh)
                read.append(part_of(tensor, own).to_local())
        assert torch.equal(torch.cat(read), tensors()[name])
