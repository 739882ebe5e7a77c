"""Objectives compared with models and data before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.types import Artifact
from llx.plugins.builtin.model.decoder import Decoder
from llx.plugins.builtin.model.encoder import Encoder
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.classification import Classification
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.component import Place
from llx.plugins.fit import check_fit
from llx.plugins.messages import en_learning as en
from llx.plugins.messages import ja_learning as ja
from llx.plugins.models import Model
from llx.plugins.values import Objective

DECODER = Decoder(layers=1, hidden_size=8, heads=2, context_length=8)
ENCODER = Encoder(layers=1, hidden_size=8, heads=2, context_length=8)
TEXT, LABELLED = Artifact("dataset", ("text",)), Artifact("rows", ("text", "label"))


@pytest.mark.parametrize(
    ("objective", "model", "data", "expected"),
    [
        (CausalLM(), DECODER, TEXT, []),
        (MaskedLM(), ENCODER, LABELLED, []),
        (Classification(), DECODER, LABELLED, []),
        (CausalLM(), DECODER, Artifact("rows", None), []),
        (CausalLM(), ENCODER, TEXT, [("objective", "L0501")]),
        (MaskedLM(), DECODER, TEXT, [("objective", "L0501")]),
        (Classification(), ENCODER, TEXT, [("data", "L0502")]),
        (Classification(pair="other"), ENCODER, LABELLED, [("data", "L0502")]),
        (Classification(pooling="first"), DECODER, TEXT, [("objective", "L0525"), ("data", "L0502")]),
        (Classification(pooling="first"), ENCODER, LABELLED, []),
    ],
)
def test_fit(objective: Objective, model: Model, data: Artifact, expected: list[tuple[str, str]]) -> None:
    place = Place(Path())
    check_fit(place, objective, model, data)
    assert [(problem.field, problem.code) for problem in place.problems] == expected
    for problem in place.problems:
        assert problem.help is not None
        for language in (en, ja):
            for text in (problem.message, problem.help):
                assert "{" not in language.MESSAGES[text.key].format(**text.values)


def test_both_languages_have_the_same_keys() -> None:
    keys = [{key for key in language.MESSAGES if key.startswith("L05")} for language in (en, ja)]
    assert keys[0] == keys[1]
