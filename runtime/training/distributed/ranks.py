"""The ranks of a training in several processes, through torch.distributed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel

from ....plugins.nn.held import held_in
from ....plugins.nn.parameters import layers_of
from ..learner import Learner
from ..parts import write_parts
from ..team import Sums, Team


class Ranks(Team):
    """Replicas that add up their gradients (DDP): every rank holds the whole network.

    A step's loss is a sum that is divided by the count of the whole batch, so gradients are added up and not averaged.
    """

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        self.rank, self.size, self.device = rank, size, device
        self._now = time.monotonic()
        self.meet(False)

    def place(self, learner: Learner, dtype: torch.dtype) -> None:
        # What isn't trained is the same on every rank already, and may be held in bits that no rank could send.
        still = [name for name, parameter in learner.named_parameters() if not parameter.requires_grad]
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(learner, still)
        # A row's rank is a matter of chance, and so is then what an expert or a head of a rank has to do.
        self._replica = DistributedDataParallel(
            learner, broadcast_buffers=False, find_unused_parameters=True, gradient_as_bucket_view=True
        )
        self._replica.register_comm_hook(None, _added_up)

    def loss(self, learner: Learner, batch: Mapping[str, torch.Tensor], last: bool) -> tuple[torch.Tensor, Sums]:
        with nullcontext() if last else self._replica.no_sync():
            loss, shown, _ = self._replica(batch)
        return loss, shown

    def total(self, sums: Sums) -> Sums:
        names = sorted(sums)
        wide = torch.float32 if self.device.type == "mps" else torch.float64
        together = torch.stack([sums[name].detach().to(self.device, wide) for name in names])
        dist.all_reduce(together)
        return dict(zip(names, together.unbind(), strict=True))

    def now(self) -> float:
        return self._now

    def meet(self, stop: bool, due: bool = False) -> tuple[bool, bool]:
        first = self.rank == 0
        said = torch.tensor([stop, due and first, time.monotonic() if first else 0.0], dtype=torch.float64)
        dist.all_reduce(said, dist.ReduceOp.MAX)
        stopping, is_due, self._now = said.tolist()
        return bool(stopping), bool(is_due)

    def first_says(self, value: Any) -> Any:
        text = json.dumps(value).encode() if self.rank == 0 else b""
        length = torch.tensor([len(text)])
        dist.broadcast(length, 0)
        said = (
            torch.frombuffer(bytearray(text), dtype=torch.uint8)
            if text
            else torch.empty(int(length), dtype=torch.uint8)
        )
        dist.broadcast(said, 0)
        return json.loads(bytes(said.tolist()))


class Shards(Ranks):
    """Ranks that hold a part of each tensor (FSDP2), and gather a block when it is used.

    In bf16 the weights are gathered and used in bf16; gradients are added up, and weights kept, in float32.
    (Zhao et al. 2023, arXiv:2304.11277.)
    """

    sharded = True

    def __init__(self, rank: int, size: int, device: torch.device) -> None:
        super().__init__(rank, size, device)
        # Of its own, for the thread that saves: the one that trains goes on at the same time.
        self._writers = dist.new_group(backend="gloo")

    def write(self, path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
        write_parts(path, tensors, self.rank == 0)
        self.wait()

    def wait(self) -> None:
        dist.barrier(self._writers)

    def place(self, learner: Learner, dtype: torch.dtype) -> None:
        mesh = init_device_mesh(self.device.type, (self.size,))
        low = None if dtype == torch.float32 else dtype
        policy = MixedPrecisionPolicy(param_dtype=low, reduce_dtype=torch.float32 if low else None)
        # The root is given up after the forward pass, too: whoever reads weights between steps finds them as shards.
        # Weights in few bits can't be parted: each rank holds all of them.
        for module in (*_blocks(learner), learner):
            fully_shard(
                module, mesh=mesh, mp_policy=policy, reshard_after_forward=True, ignored_params=held_in(learner)
            )
        for gathered in _gathered(learner):
            gathered.set_gradient_divide_factor(1.0)
            gathered.set_force_sum_reduction_for_comms(True)  # gloo knows no sum that is multiplied first

    def thawed(self, learner: Learner) -> None:
        # A block in which nothing was trained learns the type of its gradients as it is gathered by hand.
        for module in _gathered(learner):
            module.unshard()
            module.reshard()

    def loss(self, learner: Learner, batch: Mapping[str, torch.Tensor], last: bool) -> tuple[torch.Tensor, Sums]:
        # Gradients are added up after every micro-batch: whole ones are never held.
        loss, shown, _ = learner(batch)
        return loss, shown


def _gathered(learner: nn.Module) -> list[FSDPModule]:
    return [module for module in learner.modules() if isinstance(module, FSDPModule)]


def _blocks(module: nn.Module) -> list[nn.Module]:
    """Give the layers of a network that hold weights."""
    return [block for block in layers_of(module) if any(True for _ in block.parameters())]


def _added_up(state: object, bucket: dist.GradBucket) -> torch.futures.Future[torch.Tensor]:
    future = dist.all_reduce(bucket.buffer(), async_op=True).get_future()
    return future.then(lambda done: done.value()[0])


# torch looks at the annotations themselves, which are text here.
_added_up.__annotations__ = {"bucket": dist.GradBucket, "return": torch.futures.Future[torch.Tensor]}
