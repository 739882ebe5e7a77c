"""What the runtime gives to a task: protocols, so that nothing on this floor reaches up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..dsl.diagnostics.model import Text
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.record import Record
from .component import Facts, Task

if TYPE_CHECKING:
    import numpy as np

    from .adapters import Adapter
    from .models import Model
    from .smoke import Smoke
    from .values import Decoding, Metric, Objective, Optimizer, Schedule


class Input(Record):
    """A stored artifact that a task reads: never written to, its digests checked when it was opened."""

    directory: Path
    """The artifact of the whole task."""
    output: str
    """The output that was referred to: a split's name, `best`, …"""
    facts: Facts
    task: Task


class Progress(Protocol):
    """Where a task says how far it is and what it found."""

    def __call__(self, done: float, total: float | None = None, **figures: float) -> None:
        """Report progress: how much of how much is done, and figures to show beside it."""
        ...

    def log(self, message: str, **values: object) -> None:
        """Report something that a user should read in the log; `message` is a key of the messages."""
        ...


Recompute = Literal["none", "block", "selective"]
"""What the layers of a body compute again for the backward pass: nothing, all, or what is cheap."""


class Job(Record):
    """A training job, as a stage hands it to `work.train`; a third party's stage fills in the same one."""

    model: Model
    """The description of the body; the body of `initial` must be of the same."""
    objective: Objective
    tokens: Task
    """The hidden task with the encoded rows: its splits `train` and, if any, `validation`."""
    tokenizer: Reference
    optimizer: Optimizer
    schedule: Schedule
    batch: Quantity
    """Tokens or examples a step, over all micro-batches and ranks."""
    budget: Sequence[Quantity]
    """The first one reached ends the training."""
    data: Reference | None = None
    """The records behind the rows, for predictions on the validation rows to be joined."""
    scores: Task | None = None
    """The hidden task with what a checkpoint says of each row, if the objective has `scores`."""
    frozen: Sequence[tuple[Reference, Model, Objective, Adapter | None]] = ()
    """The checkpoints of `Objective.frozen`, each with its model, the objective that it was trained with, and its adapter."""
    initial: Reference | None = None
    """A checkpoint whose body (and head, if the objective asks for the same one) is loaded."""
    micro_batch: int | None = None
    """Rows that go through the model at once; None is as many as the batch has, within memory's reach."""
    validate: Quantity | None = None
    """Steps or epochs between validations; None is once an epoch or a tenth of the budget."""
    select: Metric | Literal["loss"] = "loss"
    """By what `best` is chosen on the validation rows."""
    patience: int | None = None
    """Validations without a better one until the training stops."""
    min_change: float = 0.0
    """What a validation is better by at least, to count as a better one for `patience`."""
    clip: float | None = 1.0
    """The norm to which gradients are clipped."""
    clip_value: float | None = None
    """The size to which each number of the gradients is cut, before that."""
    ema: float | None = None
    """The decay of a moving average of the weights, which is validated and kept in their place."""
    swa: float | None = None
    """The part of the budget after which the plain mean of the weights is validated and kept in their place."""
    token_dropout: float = 0.0
    """The share of the tokens that are hidden from the model at each step, where no special token stands."""
    activation_checkpointing: Recompute = "none"
    offload: bool = False
    """Whether the optimizer's state stays in the host's memory."""
    save: Quantity | None = None
    """Time or steps between checkpoints."""
    compile: bool = False
    samples: Sequence[str] = ()
    """Prompts that are continued at each validation, to be read."""
    freeze: Sequence[str] = ()
    """What isn't trained: names of parameters, or patterns of them (see `plugins/nn/parameters.py`)."""
    unfreeze: Quantity | None = None
    """Steps or epochs after which one more layer is trained, from the top; None is all from the first step on."""
    adapter: Adapter | Literal["continue"] | None = None
    """What is trained beside the body; `continue` goes on with that of `initial`."""
    initial_adapter: Adapter | None = None
    """The adapter that `initial` holds: it is merged into the body, unless `adapter` is to go on with it."""
    until: float | None = None
    """The part of the budget after which it pauses (see `Stage.until`); the runtime fills it in."""
    whole: str = ""
    """The fingerprint of the stage that it is then a part of, whose checkpoints it goes on from."""


class EvaluationJob(Record):
    """An evaluation, as handed to `work.evaluate`."""

    checkpoint: Reference
    objective: Objective
    model: Model
    tokens: Task
    """Encoded rows, in the split `rows`."""
    data: Reference
    """The records behind the rows, for `join`."""
    metrics: Sequence[Metric]
    batch: int = 64
    decoding: Decoding | None = None
    """How texts are written, for metrics that are computed of them."""
    scores: Task | None = None
    """As in a training job."""


class ScoringJob(Record):
    """Rows to be scored, as handed to `work.score`."""

    checkpoint: Reference
    model: Model
    trained: Objective
    """What the checkpoint was trained with, whose head it has."""
    objective: Objective
    """What scores with it."""
    tokens: Task
    batch: int = 16


class Asked(Record):
    """A prompt, and texts of which each may follow it."""

    prompt: str
    texts: Sequence[str]


class Likelihood(Record):
    """How likely a text is behind its prompt."""

    log: float
    """The natural logarithm of its probability: the sum over its tokens."""
    tokens: int
    cut: bool
    """Whether the prompt was too long and lost its beginning."""


@dataclass(slots=True)
class Outcome:
    """What a model did on some rows, from which metrics are computed.

    `sums` adds up over rows: `loss` (nats), `count` (what the loss is divided by), `rows`, and what the
    objective adds in `parts`. `records` are the joined predictions, one a record, when the objective predicts:
    each a mapping such as {"label": …, "prediction": …, "scores": […]}, of texts {"source": …, "target": …, "prediction": …}. `targets` counts how often each token
    (or label) was the target; `facts` are those of the tokens, with those of training under `train`.

    `by_row` holds the sums of each row, in order, where they were asked for: `loss`, `count`, the objective's parts, and
    `record`, the record that the row is of, if there is one. `groups` says of each record by its number what it belongs
    together with (a speech, a book): what may not be taken for as many independent ones. Intervals are made of both
    (docs/metrics.md).
    """

    sums: dict[str, float] = field(default_factory=dict)
    records: list[Mapping[str, Any]] = field(default_factory=list)
    targets: Mapping[int, int] | None = None
    facts: Facts = field(default_factory=dict)
    by_row: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    groups: Sequence[Hashable] | None = None


class Work(Protocol):
    """The services that a running task is handed."""

    @property
    def fingerprint(self) -> str:
        """What names the task in the store and in events."""
        ...

    @property
    def root(self) -> Path:
        """The project's root."""
        ...

    @property
    def directory(self) -> Path:
        """Where the task writes its artifact: a fresh folder, sealed when `run` returns."""
        ...

    @property
    def partial(self) -> Path:
        """A folder that survives a kill and a failure, for a task that can resume; gone once it has finished."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The fields of `experiment` that the task names in its `settings`, and those that change no result (device).

        Any other would change the result without changing the task's identity.
        """
        ...

    @property
    def progress(self) -> Progress: ...

    @property
    def smoke(self) -> Smoke | None:
        """How little this run takes of everything, if it only proves that the parts fit; None in a real run.

        `train`, `evaluate`, `generate`, and the built-in data and tokenizers heed it by themselves.
        """
        ...

    def input(self, reference: Reference | Task) -> Input:
        """Open the artifact of a reference among the task's fields, or of a task that `prepare` named."""
        ...

    def failure(self, reference: Reference | Task) -> Text | None:
        """Give why an input isn't there; None if it is. Only a tolerant task runs without one."""
        ...

    def random(self, name: str) -> np.random.Generator:
        """Give a generator of its own for this task's seed and a name."""
        ...

    def train(self, job: Job) -> Facts:
        """Train, writing `best/` and `last/` into the directory; resumes by itself. Gives losses and figures."""
        ...

    def range_test(self, job: Job, rates: Sequence[float]) -> list[tuple[float, float]]:
        """Take a step of the job at each learning rate in turn; give those taken, each with the loss before it.

        It ends early once the loss is no number, or several times the least.
        """
        ...

    def evaluate(self, job: EvaluationJob) -> Outcome: ...

    def score(self, job: ScoringJob) -> Facts:
        """Write the scores of all rows of a job as shards into the directory."""
        ...

    def generate(self, checkpoint: Reference, prompts: Sequence[str], decoding: Decoding) -> list[str]: ...

    def likelihoods(self, checkpoint: Reference, asked: Sequence[Asked]) -> list[list[Likelihood]]:
        """Give how likely a checkpoint finds each text of each question."""
        ...

    def stopping(self) -> bool:
        """Tell whether an interruption was asked for: a long task then saves to `partial` and raises Interrupted."""
        ...


class Interrupted(Exception):
    """Raised by a task that stopped because it was asked to; what it saved lets it go on."""
