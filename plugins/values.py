"""The bases of the kinds that are values, but for models: what an objective, an optimizer, … must offer.

Values are part of a task's description. Torch is named here in annotations only. How an objective is written is told
in docs/objectives.md.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field

from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.record import Record
from .component import Component, Facts, Place
from .models import Model, Shape
from .work import Outcome

if TYPE_CHECKING:
    import numpy as np
    import torch
    from tokenizers import Tokenizer as TextTokenizer
    from torch import nn

    from .predicting import Predicting
    from .writing import Writing


Records = Sequence[Mapping[str, Any]]
"""Records as they stand in the data, by their number in their split; read when they are asked for."""

Batch = dict[str, "np.ndarray[Any, Any]"]
"""Arrays by name on the host; the first dimension of each is the row, so that a slice of rows is a micro-batch."""

IGNORED = -100
"""The target of a position that carries no loss, as torch's cross-entropy has it."""

CHECKPOINT_FACTS = ("format", "objective", "head", "step", "adapter", "trained_head", "settled")
"""What the facts of a checkpoint hold beside those of its tokens."""

TensorBatch = Mapping[str, "torch.Tensor"]
"""The same on the device; arrays of integers are int64 there, whatever they are stored as."""


class ArrayOf(Record):
    """The type of an array that an encoding makes for each row.

    `shape` is () for a scalar, (n,) for a fixed length, (None,) for a length of its own (padded with 0 when rows
    come together). `dtype` is a numpy name; "token" stands for the smallest that holds the vocabulary.
    """

    dtype: str
    shape: tuple[int | None, ...] = ()


class Encoding(Component):
    """How a record becomes rows of arrays: fields, template, truncation or windows, special tokens.

    It is part of the identity of the encoded rows, so nothing random and nothing that is tuned often belongs in
    it. Made by an objective from its own fields and the model's shape; never written in a file.
    """

    kind: ClassVar[str] = "encoding"

    @abstractmethod
    def arrays(self) -> dict[str, ArrayOf]:
        """Give the arrays of a row. `tokens` and `segments` are those that the body reads."""

    def collect(self, records: Iterable[Mapping[str, Any]]) -> Facts:
        """Collect from the training records what all splits must share, such as {"labels": […]}."""
        return {}

    @abstractmethod
    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: TextTokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Iterator[dict[str, Any]]:
        """Turn records into rows of arrays, in order.

        `records` have the columns that the encoding needs and `_record`, their number in their split. `roles`
        gives the ids of special tokens by role (end, mask, pad). `facts` are what `collect` gave for training.
        Raises TaskFailed for a record that can't be encoded (a label never seen in training). A generator may return
        in the end how many records something was done to that must be said, by the key of the message: {"chat.cut": 3}.
        """

    def tokens(self, row: Mapping[str, Any]) -> int:
        """Count the tokens of a row that the model reads, without padding: what batches and budgets are counted in."""
        import numpy as np

        streams = [name for name in row if name == "tokens" or name.endswith("_tokens")]
        segments = [name.removesuffix("tokens") + "segments" for name in streams]
        return sum(
            int(np.count_nonzero(row[mark])) if mark in row else len(row[name])
            for name, mark in zip(streams, segments, strict=True)
        )


class Objective(Component):
    """What is learned. Everything that differs between pre-training, fine-tuning and translation is here.

    The loop calls, for each step: `prepare` on the global batch, `count`, then for each micro-batch `loss`.
    """

    kind: ClassVar[str] = "objective"
    columns: ClassVar[tuple[str, ...]] = ("text",)
    """The columns that it needs of data, whatever its fields say (see `reads`)."""
    attention: ClassVar[tuple[str, ...]] = ("causal", "bidirectional")
    """The attentions of the models that it fits."""
    scores: ClassVar[tuple[str, ...]] = ()
    """The arrays with one number a row that `score` gives: a checkpoint's opinion, made once and stored (see `scorer`)."""
    gives: ClassVar[tuple[str, ...]] = ("loss",)
    """What metrics may be computed of: loss (a token), likelihood (of all tokens, each from those before), label, target, …,
    whatever its fields say (see `offers`)."""

    def reads(self) -> tuple[str, ...]:
        """Give the columns that it needs of data; depends on fields alone."""
        return self.columns

    def roles(self, shape: Shape) -> tuple[str, ...]:
        """Give the roles that it needs special tokens for, with a model of this shape; `end` goes without saying."""
        return ()

    def check_model(self, place: Place, model: Model, field: str) -> None:
        """Report what keeps it from a model whose attention fits; `field` is where the objective stands."""

    def offers(self) -> tuple[str, ...]:
        """Give what metrics may be computed of; depends on fields alone."""
        return self.gives

    @abstractmethod
    def encoding(self, shape: Shape) -> Encoding:
        """Give the encoding for a model of this shape."""

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Draw what is new each step (masks, spans) for a whole batch; the shapes must not depend on what is drawn.

        An objective made of others calls an array `part.array`. `facts` are those of the tokens: vocab_size, roles, labels.
        """
        return batch

    @abstractmethod
    def count(self, batch: Batch) -> float:
        """Give what the sum of losses over this batch is divided by; from the prepared batch alone."""

    @abstractmethod
    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module | None:
        """Build the module that it adds to a body, or none."""

    def tells_apart(self, facts: Facts) -> Any:
        """Say what the outputs of its head stand for, as small JSON: a checkpoint's head is kept where that is the same.

        By default what was collected from training (the labels), under the objective's own name.
        """
        of_any = ("vocab_size", "roles", "chat_template", "splits", "sources", *CHECKPOINT_FACTS)
        return [self.name, {name: value for name, value in facts.items() if name not in of_any}]

    def started(self, initial: Reference | None) -> Objective:
        """Give the objective of a stage that starts from a checkpoint (None: from nothing), which may stand for a field."""
        return self

    def frozen(self) -> tuple[Reference, ...]:
        """Give other checkpoints whose networks it needs beside the model in training: `network.frozen` in `loss`.

        They stay as they are, and read with the model's tokenizer. One that is needed for a number a row is none: see `scorer`.
        """
        return ()

    def scorer(self) -> tuple[Reference, Objective] | None:
        """Give the checkpoint that makes its `scores`, and what of this objective they depend on; None if it has none.

        They are made once for all rows, by a task of its own, and `prepare` finds them among the arrays of a batch.
        """
        return None

    def score(self, network: Network, batch: TensorBatch) -> dict[str, torch.Tensor]:
        """Give the `scores` of each row (B,) by the network of the checkpoint that `scorer` names."""
        return {}

    def learned(self) -> Objective:
        """Give the objective by whose head a checkpoint of this one speaks; itself, unless it is learned beside another."""
        return self

    @abstractmethod
    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Give the sum of losses over the batch (a scalar in float32), and further sums to be shown by name."""

    def targets(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        """Give the ids (tokens or labels) that carry loss in a prepared batch, flat: a baseline is made of them."""
        return None

    def carries(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        """Say which hidden states (B, L) carry loss in a prepared batch; None if that can't be said of single ones.

        By default those whose target isn't IGNORED, where `targets` lie along the tokens. `llx prove` holds the
        gradients against it.
        """
        targets = batch.get("targets")
        tokens = batch.get("tokens", batch.get("target_tokens"))
        if targets is None or tokens is None or targets.shape != tokens.shape:
            return None
        carried: np.ndarray[Any, Any] = targets != IGNORED
        return carried

    @property
    def predicts(self) -> Predicting | None:
        """What predicts with its head: itself, or one that it stands around; None if nothing does."""
        return None

    @property
    def writes(self) -> Writing | None:
        """What says how text is written with its head: itself, or another; None if none is."""
        return None


class Network(Protocol):
    """A body with the head that an objective added: what `loss` and `predict` are given (an nn.Module)."""

    body: nn.Module
    head: nn.Module | None
    training: bool
    """Whether it learns at the moment: what a loss adds for training's sake is left out where it is measured."""

    @property
    def frozen(self) -> Sequence[Network]:
        """The networks of `Objective.frozen`, in its order, while it learns by it: they don't learn, and get no gradient."""
        ...

    @property
    def auxiliary(self) -> torch.Tensor | None:
        """What the layers of the body's last forward pass in training add to the loss, for each row (B,); None is nothing."""
        ...

    def hidden(self, batch: TensorBatch, *, at: torch.Tensor | None = None) -> torch.Tensor:
        """Run the body over the batch's arrays that it names in `streams`, None for a missing one: (B, L, hidden_size).

        With positions `at` (B, K), which is all that is read of it: (B, K, hidden_size), and a last layer of these alone.
        """
        ...


class Optimizer(Component):
    """How weights follow gradients."""

    kind: ClassVar[str] = "optimizer"
    sensible_lr: ClassVar[tuple[float, float] | None] = None
    """The least and the largest learning rate with which anything is learned; another one gets a warning."""
    sharded: ClassVar[bool] = True
    """Whether it can step on weights of which each process holds a part."""
    lr: float | Literal["auto"]

    @property
    def names_parameters(self) -> bool:
        """Whether its fields name parameters of the network: a plan then builds it once, on the device `meta`."""
        return False

    @property
    def rate(self) -> float:
        """The learning rate as a number: before an optimizer is built, what was found takes the place of `auto`."""
        assert self.lr != "auto", "a stage puts in what its range test found: see TrainingStage"
        return self.lr

    @abstractmethod
    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """Make the optimizer over the parameters that require gradients, `rate` as the peak of the schedule."""

    @abstractmethod
    def state_bytes(self, parameters: int, embedded: int = 0) -> int:
        """Give the bytes of its state for so many parameters, `embedded` of which are of the vocabulary."""


class Schedule(Component):
    """How the learning rate moves: a factor on the optimizer's `lr`."""

    kind: ClassVar[str] = "schedule"
    needs_validation: ClassVar[bool] = False
    """Whether it does nothing without validations (see `adapted`)."""

    def rise(self) -> Quantity | None:
        """Give how long the factor rises before it reaches 1 (the field `warmup`), or None if it doesn't."""
        return None

    @abstractmethod
    def factor(self, step: int, done: float, steps: Callable[[Quantity], float]) -> float:
        """Give the factor at a step (from 0).

        `done` is the part of the budget that is used, 0 to 1. `steps` turns a quantity of the schedule (tokens,
        epochs) into steps.
        """

    def adapted(self, results: Sequence[float | None]) -> float:
        """Give a further factor, which follows from the validations so far.

        `results` are what the stage selects by, the first validation first and so that less is better; None is one
        that was no finite number. It is all that there is to remember, so that it survives a kill.
        """
        return 1.0


class Metric(Component):
    """A number that says how good a model is, with the reference that it must beat.

    Its interval is made by drawing records (or rows) again and computing it anew, a thousand times. A metric whose sums over
    them say all offers these as `statistics` and `of`, and is as fast as a product of matrices (docs/metrics.md).
    """

    kind: ClassVar[str] = "metric"
    needs: ClassVar[str] = "loss"
    """What it is computed of; an objective says what it `gives`."""
    higher_is_better: ClassVar[bool] = True
    bounds: ClassVar[tuple[float | None, float | None]] = (None, None)
    """The least and the most that it can be, None where there is no end."""
    unit: ClassVar[Literal["record", "row"]] = "record"
    """What it is computed of, and what is drawn again for its interval: `Outcome.records`, or rows, by their sums."""

    @abstractmethod
    def compute(self, outcome: Outcome) -> float:
        """Compute the metric."""

    def statistics(self, outcome: Outcome) -> np.ndarray[Any, Any] | None:
        """Give numbers of each unit, in order, whose sums over units say all: (n, k); None if there are none such."""
        return None

    def of(self, sums: np.ndarray[Any, Any]) -> float:
        """Compute the metric of the sums of its statistics over some units: (k,)."""
        raise NotImplementedError(f"{self.name} gives statistics and doesn't say what they come to")

    def reference(self, outcome: Outcome) -> float | None:
        """Compute the same of the trivial model: what a useful one must beat."""
        return None

    def by_label(self, outcome: Outcome) -> Mapping[str, float]:
        """Compute it of each label (or sort of entity) alone, by name; nothing if it isn't made of such."""
        return {}

    def details(self, outcome: Outcome) -> Facts:
        """Give what else there is to say of how it was computed: the signature of a library, several trivial models."""
        return {}


class Beams(Record):
    """How several texts of a prompt are followed at once: the likeliest of all that go on from them stay."""

    width: int
    """How many are followed."""
    length_penalty: float
    """The power of its length that the log-likelihood of a text is divided by before texts are compared."""
    early_stopping: bool
    """Whether to end once `width` texts have ended, and not when none that is followed can well become better."""


class Decoding(Component):
    """How text is drawn from a model."""

    kind: ClassVar[str] = "decoding"

    max_tokens: Annotated[int, Field(gt=0, description="The most tokens to write")] = 100
    stop: list[str] = Field([], description="Texts before which writing ends")

    def own_seed(self) -> int | None:
        """Give the seed of what it draws; None is the experiment's."""
        return None

    def beams(self) -> Beams | None:
        """Give how several texts are followed at once; None is one, whose tokens are chosen one by one."""
        return None

    def check(self, place: Place) -> None:
        """Report an empty text to stop at, which would be found before the first word."""
        if "" in self.stop:
            place.error("stop", "L0544", {}, help="L0544.help")

    @abstractmethod
    def choose(self, logits: torch.Tensor, seen: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Choose the next token of each row: logits (B, V) in float32 -> (B,).

        `seen` (B, V) is true for the tokens of the text so far, its prompt included. `uniform` (B,) has a random
        number of [0, 1) for each row, from a stream of its own: with no other source of chance, a prompt gives the
        same text whatever is written beside it.
        """


class Backend(Component):
    """Where a training runs, if not in one process: how many there are, and what each holds.

    What is trained is the same, so that it is no part of any task's identity.
    """

    kind: ClassVar[str] = "backend"
    processes: int
    """Processes on this machine, one a device."""
    max_restarts: int
    """How often all of them start again, from the last checkpoint, after one has died."""

    @property
    @abstractmethod
    def sharded(self) -> bool:
        """Tell whether each process holds a part of every tensor, or the whole network."""
