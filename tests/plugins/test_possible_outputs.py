"""What a task with a mistake may put out: it is said where it doesn't depend on the mistake."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.models import Model
from llx.plugins.registered import Registered
from llx.plugins.registry import Registry
from llx.plugins.tasks import Evaluation, Stage


def possible(kind: str, name: str, unknown: set[str], **arguments: Any) -> list[str] | None:
    found = Registry().components(kind)[name].possible_outputs(arguments, unknown)
    return None if found is None else list(found)


def test_what_a_class_decides_is_said_whatever_is_wrong() -> None:
    everything = set(Registry().components("stage")["train"].fields)
    assert possible("stage", "train", everything) == ["best", "last", "loss", "last_loss"]
    assert possible("tokenizer", "train_bpe", {"data", "vocab_size"}) == ["tokenizer", "vocab_size"]
    assert possible("model", "decoder", {"layers"}) is None


def test_an_evaluation_says_it_when_its_metrics_are_known() -> None:
    metrics, _ = Registry().components("metric")["accuracy"].build({})
    assert possible("eval", "evaluate", {"checkpoint"}, metrics=[metrics]) == ["accuracy"]
    assert possible("eval", "evaluate", {"metrics"}) is None


def test_the_default_of_an_unknown_field_says_nothing() -> None:
    class Counts(Evaluation):
        """Puts out what a field names."""

        name: ClassVar[str] = "counts"
        of: tuple[str, ...] = ("a",)
        other: int = 1

        def outputs(self) -> dict[str, Artifact]:
            return {name: Artifact("number") for name in self.of}

    counts = Registered(Counts, None, "llx-counts")
    assert counts.possible_outputs({}, {"of"}) is None
    assert counts.possible_outputs({"of": ("b",)}, {"other"}) == {"b": Artifact("number")}
    assert counts.possible_outputs({}, {"other"}) == {"a": Artifact("number")}


@pytest.mark.parametrize(("unknown", "said"), [({"extra"}, None), ({"other"}, ["best", "more"])])
def test_a_stage_with_outputs_of_its_own_is_asked_itself(unknown: set[str], said: list[str] | None) -> None:
    class Own(Stage):
        """Puts out more than other stages."""

        name: ClassVar[str] = "own"
        extra: str = "more"
        other: int = 1

        def described_model(self) -> Model:
            raise AssertionError("outputs depend on fields alone")

        def described_tokenizer(self) -> Reference:
            raise AssertionError("outputs depend on fields alone")

        def outputs(self) -> dict[str, Artifact]:
            return {"best": Artifact("checkpoint"), self.extra: Artifact("number")}

    found = Registered(Own, None, "llx-own").possible_outputs({}, unknown)
    assert (None if found is None else list(found)) == said
