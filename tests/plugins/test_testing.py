"""The checks for plugin authors: every built-in component passes, and each mistake is found."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from llx.plugins.api import Component, Field, Metric, Outcome, Schedule
from llx.plugins.builtin.decoding.sample import Sample
from llx.plugins.builtin.metric.answer_f1 import AnswerF1
from llx.plugins.builtin.metric.bits_per_byte import BitsPerByte
from llx.plugins.builtin.metric.exact_match import ExactMatch
from llx.plugins.builtin.metric.has_answer_f1 import HasAnswerF1
from llx.plugins.builtin.metric.macro_f1 import MacroF1
from llx.plugins.builtin.metric.no_answer_accuracy import NoAnswerAccuracy
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.model.encoder_decoder import EncoderDecoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.extractive_qa import ExtractiveQA
from llx.plugins.builtin.objective.fill_in_middle import FillInMiddle
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.mixed import Mixed
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.builtin.objective.sequence_to_sequence import SequenceToSequence
from llx.plugins.builtin.objective.span_corruption import SpanCorruption
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.builtin.schedule.warmup_stable_decay import WarmupStableDecay
from llx.plugins.testing import conforms
from llx.plugins.testing_kinds import SIZES

BUILT_IN = [
    EncoderDecoder(layers=1, hidden_size=32, heads=4, context_length=32),
    Decoder(**SIZES, norm="rms_norm", activation="swiglu", positions="rope", kv_heads=2, tied_embeddings=False),
    Encoder(**SIZES),
    CausalLM(),
    PrefixLM(rate=0.25),
    FillInMiddle(),
    MaskedLM(),
    MaskedLM(spans=True, masks="static", label_smoothing=0.1, z_loss=1e-4),
    SpanCorruption(),
    SequenceToSequence(label_smoothing=0.1),
    Mixed(parts={"causal": CausalLM(), "masked": MaskedLM()}, shares={"causal": 0.7, "masked": 0.3}),
    Classification(label_smoothing=0.1),
    ExtractiveQA(),
    ExtractiveQA(stride=4),
    AdamW(lr=0.01),
    WarmupStableDecay(),
    MacroF1(),
    BitsPerByte(),
    ExactMatch(),
    AnswerF1(by="characters"),
    HasAnswerF1(),
    NoAnswerAccuracy(),
    Sample(temperature=0.7, top_k=5),
]


@pytest.mark.parametrize("component", BUILT_IN, ids=lambda component: component.name)
def test_built_in_components_conform(component: Component) -> None:
    conforms(component)


class Undocumented(Schedule):
    name: ClassVar[str] = "undocumented"

    def factor(self, step: int, done: float, steps: Any) -> float:
        return 1.0


class Wordless(Undocumented):
    """Have a field without description."""

    name: ClassVar[str] = "wordless"
    by: float = 0.5


class Nameless(Undocumented):
    """Have a name that can't be written."""

    name: ClassVar[str] = "name-less"


class Negative(Undocumented):
    """Go below zero."""

    name: ClassVar[str] = "negative"
    low: float = Field(-1.0, description="what it gives")

    def factor(self, step: int, done: float, steps: Any) -> float:
        return self.low


class Backwards(Metric):
    """Say that more is better where it isn't."""

    name: ClassVar[str] = "backwards"

    def compute(self, outcome: Outcome) -> float:
        return outcome.sums["loss"]


class Means(Classification):
    """Give the mean of losses."""

    name: ClassVar[str] = "means"

    def loss(self, network: Any, batch: Any) -> Any:
        loss, parts = super().loss(network, batch)
        return loss / len(batch["label"]), parts


class Detached(Classification):
    """Cut the body off."""

    name: ClassVar[str] = "detached"

    def logits(self, network: Any, batch: Any) -> Any:
        hidden = network.hidden(batch).detach()
        return network.head(hidden, batch.get("segments")).float()


class ElsewhereMade(Classification):
    """Make a tensor on the wrong device."""

    name: ClassVar[str] = "elsewhere_made"

    def loss(self, network: Any, batch: Any) -> Any:
        import torch

        loss, parts = super().loss(network, batch)
        weights = torch.ones(len(batch["label"]))
        return loss + 0 * (self.logits(network, batch)[:, 0] * weights).sum(), parts


@pytest.mark.parametrize(
    ("component", "said"),
    [
        (Undocumented(), "has no docstring"),
        (Wordless(), "has no description"),
        (Nameless(), "can't be written"),
        (Negative(), "not a number from 0 on"),
        (Backwards(), "for a good outcome"),
        (Means(), "give sums, not means"),
        (Detached(), "no gradient reaches body"),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_mistakes_are_found(component: Component, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        conforms(component)


def test_a_tensor_on_the_wrong_device_is_found() -> None:
    with pytest.raises((RuntimeError, NotImplementedError), match=r"meta|device"):
        conforms(ElsewhereMade())
