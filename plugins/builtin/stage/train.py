"""The stage `train`: from nothing."""

from __future__ import annotations

from typing import ClassVar

from ...api import Field, Model, Reference, TokenizerOf
from .training import TrainingStage


class Train(TrainingStage):
    """Train a model from random weights."""

    name: ClassVar[str] = "train"
    example: ClassVar[str] = (
        "train { model = gpt, tokenizer = bpe, data = novels, objective = causal_lm, budget = 20M tokens }"
    )

    model: Model = Field(description="The model")
    tokenizer: TokenizerOf = Field(description="What turns the text into tokens")

    @property
    def initial(self) -> Reference | None:
        return None

    def described_model(self) -> Model:
        return self.model

    def described_tokenizer(self) -> Reference:
        return self.tokenizer
