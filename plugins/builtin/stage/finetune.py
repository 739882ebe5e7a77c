"""The stage `finetune`: from a checkpoint."""

from __future__ import annotations

from typing import ClassVar

from ...api import CheckpointOf, Field, Model, Reference, Trained
from .training import TrainingStage


class Finetune(TrainingStage):
    """Train a model further from a checkpoint, with its tokenizer.

    The body is the checkpoint's. Its head is kept if the objective is the same one, and made anew if it isn't.
    """

    name: ClassVar[str] = "finetune"
    example: ClassVar[str] = (
        "finetune { from = pretrain.best, data = reviews, objective = classification, budget = 3 epochs }"
    )

    from_: CheckpointOf = Field(description="The checkpoint to start from")

    @property
    def source(self) -> Trained:
        assert isinstance(self.from_.task, Trained), "only such tasks put out checkpoints"
        return self.from_.task

    @property
    def initial(self) -> Reference | None:
        return self.from_

    def described_model(self) -> Model:
        return self.source.described_model()

    def described_tokenizer(self) -> Reference:
        return self.source.described_tokenizer()
