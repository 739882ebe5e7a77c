"""The backend `torchrun`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...values import Backend


class Torchrun(Backend):
    """Train in several processes on this machine, one a device, which torchrun's agent keeps running.

    Each takes its rows of every batch, so that batch, order of the rows and learning rate are those of one process. The
    loss differs from that of one process only as sums in another order do, unless dropout draws for each process.
    """

    name: ClassVar[str] = "torchrun"
    example: ClassVar[str] = "torchrun { processes = 2 }"

    processes: Annotated[int, Field(ge=1, le=1024, description="How many processes; on GPUs one for each")]
    strategy: Annotated[
        Literal["ddp", "fsdp"],
        Field(description="ddp: each holds the whole network; fsdp: each holds a part of every tensor, for large ones"),
    ] = "ddp"
    max_restarts: Annotated[
        int, Field(ge=0, description="How often they start again, from the last save, if one dies")
    ] = 3

    @property
    def sharded(self) -> bool:
        return self.strategy == "fsdp"
