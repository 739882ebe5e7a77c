"""The components conform, and are what their sources say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from llx.plugins.api import Outcome, Place
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.testing import conforms
from llx_focal import MESSAGES
from llx_focal.metric import BalancedAccuracy
from llx_focal.objective import FocalClassification


@pytest.mark.parametrize(
    "component",
    [FocalClassification(), FocalClassification(gamma=0.5, label_smoothing=0.1), BalancedAccuracy()],
)
def test_conforms(component: FocalClassification | BalancedAccuracy) -> None:
    conforms(component)


class Given:
    """A network whose head gives the logits that it was made with."""

    body, training, auxiliary = None, True, None

    def __init__(self, logits: torch.Tensor) -> None:
        self.head = lambda hidden, segments: logits

    def hidden(self, batch: object, at: object = None) -> None:
        return None


LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-3.0, 0.0, 3.0]])
BATCH = {"label": torch.tensor([0, 0, 2])}


def test_gamma_0_is_classification() -> None:
    focal, _ = FocalClassification(gamma=0.0).loss(Given(LOGITS), BATCH)
    plain, _ = Classification().loss(Given(LOGITS), BATCH)
    assert torch.allclose(focal, plain)


def test_the_formula() -> None:
    probability = LOGITS.softmax(dim=1)[torch.arange(3), BATCH["label"]]
    loss, parts = FocalClassification(gamma=2.0).loss(Given(LOGITS), BATCH)
    assert torch.allclose(loss, -((1 - probability) ** 2 * probability.log()).sum())
    assert parts["accuracy"].item() == 2


def test_balanced_accuracy() -> None:
    pairs = [(0, 0)] * 8 + [(0, 1)] * 2 + [(1, 1), (1, 0)]
    outcome = Outcome(records=[{"label": label, "prediction": prediction} for label, prediction in pairs])
    assert BalancedAccuracy().compute(outcome) == pytest.approx((0.8 + 0.5) / 2)
    assert BalancedAccuracy().reference(outcome) == 0.5


def test_a_strong_gamma_is_told() -> None:
    place = Place(Path())
    FocalClassification(gamma=2.0).check(place)
    assert place.problems == []
    FocalClassification(gamma=8.0).check(place)
    [problem] = place.problems
    assert problem.warning
    assert problem.field == "gamma"
    assert problem.code in MESSAGES["en"]


def test_every_text_is_there_in_both_languages() -> None:
    assert MESSAGES["en"].keys() == MESSAGES["ja"].keys()
