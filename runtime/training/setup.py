"""What a training job comes to on this machine: device, rows, order, budget, and the network to begin with."""

from __future__ import annotations

import hashlib
from typing import Any

from ...dsl.program import Reference
from ...plugins.adapters import Adapter
from ...plugins.canonical import describe, flatten
from ...plugins.component import Component, Facts, Task, TaskFailed
from ...plugins.models import Model
from ...plugins.nn.network import Network
from ...plugins.nn.parameters import embedding_weights, freeze
from ...plugins.nn.products import let_choose
from ...plugins.rows import rows_drawn, rows_per_step, tokens_per_row, training_split
from ...plugins.shards import Shards
from ...plugins.tables import stored_records
from ...plugins.values import Objective
from ...plugins.work import Job, Work
from .batch import micro_batch
from .beginning import Beginning
from .budget import Budget, Pace, validation_interval
from .build import build, stored_network, taken
from .checkpoint import Checkpoints, check_space
from .device import choose_device
from .lengths import Spread
from .loader import Reader
from .measure import split_facts
from .order import Epochs, Mixture, Order, Source
from .precision import choose_precision, compute_in_fp8
from .recompute import recompute
from .team import Team

_SHOWN = 8
"""Names of tensors in a note."""


class Setup:
    """A job with everything looked up that stays the same while it trains."""

    def __init__(self, job: Job, work: Work, team: Team | None = None) -> None:
        self.job, self.work, self.team = job, work, team or Team()
        self.seed = int(work.settings.get("seed") or 0)
        self.device = choose_device(work.settings.get("device"))
        self.precision = work.settings.get("precision")
        self.dtype = choose_precision(self.precision, self.device)
        self.metric = None if job.select == "loss" else job.select

        tokens = work.input(job.tokens)
        self.tokens_facts: Facts = tokens.facts
        splits = tokens.facts["splits"]
        self.split = training_split(splits)
        self.facts = {k: v for k, v in tokens.facts.items() if k not in ("splits", "sources")}
        self.shards = with_scores(Shards(tokens.directory, self.split), job.scores, work)
        if not len(self.shards):
            raise TaskFailed("L0807", {"split": self.split}, field="data", help="L0807.help")
        by_room = job.batch.dimension == "tokens" and not self.tokens_facts.get("sources")
        self.reader = Reader(self.shards, job.objective, self.facts, job.token_dropout, by_room=by_room)
        self.validation: Reader | None = None
        if "validation" in splits:
            rows = with_scores(Shards(tokens.directory, "validation"), job.scores, work)
            records = stored_records(work.input(job.data), job.data, "validation") if job.data is not None else ()
            facts = split_facts(tokens.facts, "validation")
            self.validation = Reader(rows, job.objective, facts, records=records, by_room=by_room)
        self.tokenizer = work.input(job.tokenizer).directory

        self._set_order()
        self.budget = Budget(job.budget, self.pace)
        self.validate_every = validation_interval(job.validate, self.budget, self.pace)
        self.pause = None if job.until is None else self._pause(job.until)
        self.unfreeze_every = None if job.unfreeze is None else max(round(self.pace.steps(job.unfreeze)), 1)
        self.micro_batch = micro_batch(
            job.micro_batch,
            -(-self._most_rows() // self.team.size),
            job.model,
            self.facts["vocab_size"],
            self.shards.row_length(),
            self.device,
            job.activation_checkpointing,
        )
        self.network = self._network()
        self.checkpoints = Checkpoints(
            work.partial / "checkpoints", job.whole or work.fingerprint, self._identity(), self.team
        )
        self._check_space()

    def _set_order(self) -> None:
        """Fix the rows of a step and their order."""
        sources = self.tokens_facts.get("sources", {}).get(self.split)
        row = tokens_per_row(self.tokens_facts, self.split)
        self.rows = rows_per_step(self.job.batch, row, len(self.shards))
        self.order: Order
        self.spread: Spread | None = None
        """What steps come to, if rows have lengths of their own and come in batches of like length."""
        if sources:
            parts = [
                Source(source["name"], source["start"], source["end"], weight)
                for source, weight in zip(sources, rows_drawn(sources), strict=True)
            ]
            self.order = Mixture(parts, self.rows, self.seed)
        else:
            lengths, batch, sizes = self.reader.lengths, self.rows, None
            if lengths is not None and self.job.batch.dimension == "tokens":
                batch, sizes = int(self.job.batch.magnitude), lengths.tokens
            order = Epochs(len(self.shards), batch, self.seed, None if lengths is None else lengths.classes, sizes)
            self.order, self.spread = order, None if lengths is None else lengths.spread(order)
        rows_per_step_achieved = len(self.shards) / self.order.steps_per_epoch
        self.pace = Pace(self.order.steps_per_epoch, row * rows_per_step_achieved, rows_per_step_achieved)

    def _most_rows(self) -> int:
        """Give the most rows of a step as micro-batches count them (see `Reader.fold`)."""
        return self.spread.at_once if self.spread is not None and self.reader.by_room else self.rows

    def _pause(self, until: float) -> int:
        """Give the step of the last validation within a part of the budget: no validation is made for the pause."""
        assert self.validation is not None and self.budget.steps is not None, "a sweep looked at its stages"
        every = self.validate_every
        if until * self.budget.steps < every and self.work.smoke is None:
            values = {"every": every, "share": f"{until:.0%}", "steps": self.budget.steps}
            raise TaskFailed("L0799.steps", values, field="validate", help="L0799.steps.help")
        return max(int(until * self.budget.steps / every + 1e-9), 1) * every

    def _network(self) -> Network:
        job, log = self.job, self.work.progress.log
        network = build(job.model, job.objective, self.facts, self.seed)
        self.taken: dict[str, Any] | None = None
        self.head = "fresh" if network.head is not None else "none"
        begun = Beginning(job, self.work, self.seed)
        if begun.stored is not None:
            self.head = begun.put_into(network, self.facts)
            log(f"training.head.{self.head}", objective=job.objective.name, given=begun.stored.facts.get("objective"))
            self.taken = taken(network, begun.stored, self.head)
            for state in ("fresh", "left"):
                if names := self.taken[state]:
                    log(f"training.weights.{state}", count=len(names), names=names[:_SHOWN])
        begun.adapt(network, self.head)
        self.adapter, self.trains_head, self.still = begun.adapter, begun.trains_head, begun.still
        self.base = begun.base(write=self.team.rank == 0)
        freeze(network, job.freeze)
        network.to(self.device)
        if self.device.type == "cpu":
            let_choose(network)
        if self.precision == "fp8":
            compute_in_fp8(network.body)
        recompute(network.body, job.activation_checkpointing)
        network.frozen = tuple(self._frozen(*given) for given in job.frozen)
        if job.compile:
            # In place: the names of the parameters stay.
            for one in (network, *network.frozen):
                one.body.compile()
        return network

    def _frozen(self, checkpoint: Reference, model: Model, objective: Objective, adapter: Adapter | None) -> Network:
        """Open a checkpoint that stays as it is; its head must tell the same apart as these rows."""
        given = self.work.input(checkpoint)
        folder = given.directory / given.output
        network, stored = stored_network(model, objective, folder, adapter, self.facts)
        if network is None:
            values = {"objective": self.job.objective.name, "given": stored.facts.get("objective")}
            raise TaskFailed("L0806", values, field="objective", help="L0806.help")
        return network.requires_grad_(False).eval().to(self.device)

    def _identity(self) -> dict[str, Any]:
        """Say which job a checkpoint is of, part by part: a component's fields by their dotted path."""
        job = self.job
        identity: dict[str, Any] = {
            "batch": str(job.batch),
            "budget": [str(budget) for budget in job.budget],
            "clip": job.clip,
            "clip_value": job.clip_value,
            "ema": job.ema,
            "freeze": list(job.freeze),
            "unfreeze": None if job.unfreeze is None else str(job.unfreeze),
            "swa": job.swa,
            "token_dropout": job.token_dropout,
            "offload": job.offload,
            "patience": job.patience,
            "min_change": job.min_change,
            "validate": self.validate_every,
            "seed": self.seed,
            # What `auto` became; tf32 and fp8 are no types of their own.
            "precision": self.precision if self.precision in ("tf32", "fp8") else str(self.dtype),
            "device": self.device.type,
            "data": hashlib.sha256("".join(sorted(self.shards.digests.values())).encode()).hexdigest()[:16],
        }
        for part in ("model", "objective", "optimizer", "schedule", "select", "adapter"):
            value = getattr(job, part)
            fields = flatten(describe(value)) if isinstance(value, Component) else {"": value}
            # What a checkpoint is called differs between processes; which one it is, the fingerprint knows.
            fields = {
                path: field for path, field in fields.items() if not isinstance(field, dict) or "reference" not in field
            }
            identity |= {f"{part}.{path}" if path else part: field for path, field in fields.items()}
        return identity

    def _check_space(self) -> None:
        """Look before the first step whether a checkpoint and the result will fit on the disk."""
        trained = [p for p in self.network.parameters() if p.requires_grad]
        weights = sum(p.numel() * p.element_size() for p in self.network.parameters())
        average = (
            sum(p.numel() * p.element_size() for p in trained)
            if self.job.ema is not None or self.job.swa is not None
            else 0
        )
        tables = embedding_weights(self.network)
        embedded = sum(p.numel() for p in trained if id(p) in tables)
        state = self.job.optimizer.state_bytes(sum(p.numel() for p in trained), embedded)
        check_space(self.work.partial, 3 * weights + average + state)
        check_space(self.work.directory, 2 * weights)


def with_scores(shards: Shards, scores: Task | None, work: Work) -> Shards:
    """Give rows with what a checkpoint says of them beside them, if there is such a task."""
    return shards if scores is None else shards.beside(Shards(work.input(scores).directory, shards.split))
