"""What a training begins with: a checkpoint's weights, its adapter merged or gone on with, and an adapter beside them."""

from __future__ import annotations

from pathlib import Path

import torch

from ...plugins.adapters import MARK, Adapter
from ...plugins.component import Facts
from ...plugins.nn.adapters import freeze_beside
from ...plugins.nn.network import Network
from ...plugins.nn.stored import BODY
from ...plugins.work import Job, Work
from .build import Stored, load_body, load_head
from .order import key
from .weights import tensors_of, write_tensors


class Beginning:
    """The checkpoint that a job starts from, and what is put beside its body."""

    def __init__(self, job: Job, work: Work, seed: int) -> None:
        self.job, self.work, self.seed = job, work, seed
        self.goes_on = job.adapter == "continue"
        self.adapter: Adapter | None = job.initial_adapter if isinstance(job.adapter, str) else job.adapter
        self.merges = job.initial_adapter is not None and not self.goes_on
        self.trains_head = True
        self.still: frozenset[str] = frozenset()
        """The names of the weights that stay as they are, and lie in `base`."""
        self.stored: Stored | None = None
        if job.initial is not None:
            given = work.input(job.initial)
            self.folder = given.directory / given.output
            self.stored = Stored.open(self.folder, None if self.goes_on else job.initial_adapter)
            if self.merges and job.initial_adapter is not None:
                work.progress.log("training.adapter.merged", adapter=job.initial_adapter.name)

    def put_into(self, network: Network, facts: Facts) -> str:
        """Put the checkpoint's body into a network, and its head if it is the same; gives what became of the head."""
        assert self.stored is not None
        if self.goes_on and self.adapter is not None:
            self.adapter.adapt(network.body)
            self.work.progress.log("training.adapter.continued", adapter=self.adapter.name)
        load_body(network, self.stored)
        return load_head(network, self.stored, self.job.objective, facts)

    def adapt(self, network: Network, head: str) -> None:
        """Put the adapter beside the body, whose weights are frozen.

        A head that is new (`fresh`) is trained in full; one that came with the checkpoint is what it is, unless it was
        trained with the adapter that is gone on with.
        """
        if self.adapter is None:
            return
        if not self.goes_on:
            # Random numbers of its own: neither body nor head depend on it.
            torch.manual_seed(key(self.seed, "adapter"))
            self.adapter.adapt(network.body)
        before = self.stored.facts if self.stored is not None and self.goes_on else {}
        self.trains_head = head == "fresh" or bool(before.get("trained_head"))
        freeze_beside(network, self.trains_head)
        self.adapter.hold(network.body)
        if self.stored is None:
            return  # a body of random weights lies nowhere else
        self.still = frozenset(name for name in tensors_of(network) if name.startswith("body.") and MARK not in name)

    def base(self, write: bool) -> Path | None:
        """Give the file with the weights that stay, for checkpoints to hold; None if all are trained.

        It is the checkpoint's own if nothing was merged into it, else it is written, by one of the ranks.
        """
        if self.adapter is None or self.stored is None:
            return None
        if not self.merges:
            return self.folder / BODY
        path = self.work.partial / "base.safetensors"
        if write:
            write_tensors(path, {name: self.stored.weights[name] for name in self.still})
        return path
