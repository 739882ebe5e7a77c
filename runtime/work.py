"""What a running task is handed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..dsl.diagnostics.model import Text
from ..dsl.program import Program, Reference
from ..dsl.record import replace
from ..plugins.component import Facts, Task
from ..plugins.schema import is_identity
from ..plugins.work import Asked, EvaluationJob, Input, Interrupted, Job, Likelihood, Outcome, ScoringJob
from .events import Listener, Note, TaskProgress
from .graph import Graph, Node
from .locks import Claim
from .store import Damaged, Store

if TYPE_CHECKING:
    import numpy as np

    from ..plugins.smoke import Smoke
    from ..plugins.values import Decoding

PROGRESS_EVERY = 0.1
"""Seconds between two reports of progress."""


class NeedsFirst(Exception):
    """Raised when an input that a task opens is damaged, or gone: it is made anew, and the task starts again.

    What a task names is looked at before it starts; this is for what lies behind that, such as the tokenizer of a
    checkpoint, which a stored chain doesn't ask for.
    """

    def __init__(self, node: Node, damage: Damaged) -> None:
        super().__init__(node, damage)
        self.node = node
        self.damage = damage


class Reporter:
    """Says how far a task is; once the run is asked to stop it raises Interrupted, if nothing would be lost by that."""

    def __init__(self, work: TaskWork, emit: Listener) -> None:
        self._work = work
        self._emit = emit
        self._last = 0.0

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None:
        self._work.stop_if_asked()
        now = time.monotonic()
        if now - self._last >= PROGRESS_EVERY or done == total:
            self._last = now
            self._emit(TaskProgress(self._work.fingerprint, done, total, figures))

    def log(self, message: str, **values: object) -> None:
        self._emit(Note(self._work.fingerprint, Text(message, values)))


def _up_to(share: float, facts: Facts, job: Job) -> Facts:
    """Give what a stage that has been trained to its end had come to within a part of its budget."""
    from .training.result import facts_until

    steps = facts.get("budget_steps") or facts["steps"]
    return facts_until(facts["curve"], share * steps, job.select != "loss" and job.select.higher_is_better)


class TaskWork:
    """The services of one attempt at one task (the protocol `Work`)."""

    def __init__(
        self,
        node: Node,
        graph: Graph,
        store: Store,
        claim: Claim,
        emit: Listener,
        stop: threading.Event,
        smoke: Smoke | None = None,
        lost: Mapping[Node, Text] = MappingProxyType({}),
    ) -> None:
        self.smoke = smoke
        self.node = node
        self.fingerprint = node.fingerprint
        self.emit = emit
        self._graph = graph
        self._store = store
        self._claim = claim
        self._stop = stop
        self._lost = lost
        self._directory = claim.attempt()
        self._resumable = False
        self._progress = Reporter(self, emit)

    @property
    def program(self) -> Program:
        return self._graph.program

    @property
    def root(self) -> Path:
        return self.program.root

    @property
    def directory(self) -> Path:
        return self._directory

    @property
    def partial(self) -> Path:
        self._resumable = True
        return self._claim.kept

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """Give what the task may know of `experiment`: what is part of its identity, and what is of nobody's (device)."""
        settings = self.node.settings
        fields = type(settings).model_fields
        known = (name for name, info in fields.items() if name in self.node.task.settings or not is_identity(info))
        return {name: getattr(settings, name) for name in known}

    @property
    def progress(self) -> Reporter:
        return self._progress

    def input(self, reference: Reference | Task) -> Input:
        node = self._graph.find(reference, self.node)
        assert node in self.node.closure, f"{self.node.component} opens {node.component}, which it didn't name"
        try:
            artifact = self._store.open(node.fingerprint)
        except Damaged as damage:
            raise NeedsFirst(node, damage) from damage
        task = reference.task if isinstance(reference, Reference) else reference
        output = reference.output if isinstance(reference, Reference) else next(iter(task.outputs()))
        return Input(artifact.directory, output, artifact.facts, task)

    def failure(self, reference: Reference | Task) -> Text | None:
        return self._lost.get(self._graph.find(reference, self.node))

    def random(self, name: str) -> np.random.Generator:
        import numpy as np

        task = self.node.task
        seed = getattr(task, "seed", self.settings.get("seed", 0))
        key = hashlib.sha256(f"{seed} {name}".encode()).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "little")))

    def train(self, job: Job) -> Facts:
        from .training.train import train

        whole, part = self.node.whole, self.node.task.part()
        if whole is not None and part is not None:
            if (trained := self._store.find(whole.fingerprint)) is not None:
                return _up_to(part.share, trained.facts, job)
            job = replace(job, until=part.share, whole=whole.fingerprint)
        if self.smoke is not None:
            from .smoke import small_job

            job = small_job(job, self.input(job.tokens).facts, self.smoke)
        backend = self.settings.get("backend")
        if backend is None or backend.processes == 1:
            return train(job, self, self.emit)
        from .training.distributed.launch import launch

        return launch(job, self, self.emit, backend, [used.name for used in self.program.uses])

    def range_test(self, job: Job, rates: Sequence[float]) -> list[tuple[float, float]]:
        from .training.range_test import range_test

        if self.smoke is not None:
            from .smoke import small_job

            job = small_job(job, self.input(job.tokens).facts, self.smoke)
            rates = rates[:: max(len(rates) // self.smoke.steps, 1)]
        return range_test(job, self, rates)

    def evaluate(self, job: EvaluationJob) -> Outcome:
        from .training.evaluate import evaluate

        return evaluate(job, self)

    def score(self, job: ScoringJob) -> Facts:
        from .training.score import score

        return score(job, self)

    def generate(self, checkpoint: Reference, prompts: Sequence[str], decoding: Decoding) -> list[str]:
        from .training.generate import generate

        if self.smoke is not None:
            from .smoke import small_decoding

            decoding = small_decoding(decoding, self.smoke)
        return generate(checkpoint, prompts, decoding, self)

    def likelihoods(self, checkpoint: Reference, asked: Sequence[Asked]) -> list[list[Likelihood]]:
        from .training.likelihoods import likelihoods

        return likelihoods(checkpoint, asked, self)

    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop_if_asked(self) -> None:
        """Raise Interrupted if the run is to stop, unless the task saves its own work before it does."""
        if self._stop.is_set() and not self._resumable:
            raise Interrupted
