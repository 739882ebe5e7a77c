"""The built-in kinds: which words open a declaration, and of what."""

from __future__ import annotations

from collections.abc import Sequence

from ..dsl.record import Record
from .adapters import Adapter
from .component import Component
from .models import FeedForward, Initialisation, Model, RopeScaling
from .sweeps import Distribution, Sweep
from .tasks import Audit, DataTask, Evaluation, Export, Stage, TokenizerTask, WeightsTask
from .values import Backend, Decoding, Metric, Objective, Optimizer, Schedule


class KindOf(Record):
    """A kind, as a plugin registers it: its base class, and what it is for."""

    base: type[Component]
    description: str


KINDS: Sequence[KindOf] = (
    KindOf(DataTask, "text and labels, read, cleaned, split and mixed"),
    KindOf(TokenizerTask, "turns text into tokens"),
    KindOf(Model, "the network's body"),
    KindOf(FeedForward, "the feed-forward half of a model's layers"),
    KindOf(Initialisation, "the scales of a model's first weights"),
    KindOf(RopeScaling, "how rotary embeddings reach a longer context"),
    KindOf(Adapter, "what is trained beside a body whose weights stay"),
    KindOf(Objective, "what is learned"),
    KindOf(Optimizer, "how weights follow gradients"),
    KindOf(Schedule, "how the learning rate moves"),
    KindOf(Metric, "a number that says how good a model is"),
    KindOf(Decoding, "how text is drawn from a model"),
    KindOf(Backend, "in how many processes a training runs"),
    KindOf(WeightsTask, "weights from elsewhere"),
    KindOf(Stage, "a stage of training"),
    KindOf(Evaluation, "measures a trained model"),
    KindOf(Audit, "looks for bias"),
    KindOf(Export, "writes a trained model for others to use"),
    KindOf(Sweep, "runs the file with other params, and compares"),
    KindOf(Distribution, "numbers that a sweep draws"),
)
