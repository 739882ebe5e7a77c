"""The stage `finetune`: from a checkpoint."""

from __future__ import annotations

from typing import ClassVar, Literal

from ...api import Adapter, CheckpointOf, Field, Model, Place, Reference, Trained
from .training import TrainingStage


class Finetune(TrainingStage):
    """Train a model further from a checkpoint, with its tokenizer.

    The body is the checkpoint's. Its head is kept if the objective is the same one, and made anew if it isn't. With an
    adapter the body's weights stay as they are, and the adapter is trained with a head that is new. An adapter that the
    checkpoint holds is merged into its weights, unless `adapter = continue` goes on with it.
    """

    name: ClassVar[str] = "finetune"
    example: ClassVar[str] = (
        "finetune { from = pretrain.best, data = reviews, objective = classification, budget = 3 epochs }"
    )

    from_: CheckpointOf = Field(description="The checkpoint to start from")
    adapter: Adapter | Literal["continue"] | None = Field(
        None, description="What is trained in the place of the body's weights; none is all of them"
    )

    @property
    def source(self) -> Trained:
        assert isinstance(self.from_.task, Trained), "only such tasks put out checkpoints"
        return self.from_.task

    @property
    def initial(self) -> Reference | None:
        return self.from_

    @property
    def adapting(self) -> Adapter | Literal["continue"] | None:
        return self.adapter

    @property
    def initial_adapter(self) -> Adapter | None:
        return self.source.described_adapter()

    @property
    def head_is_new(self) -> bool:
        before = self.source.described_objective()
        known = before is not None and before.tells_apart({}) == self.objective.tells_apart({})
        # One that was trained with an adapter is trained further with it.
        return not known or self.adapter == "continue"

    def described_model(self) -> Model:
        return self.source.described_model()

    def described_tokenizer(self) -> Reference:
        return self.source.described_tokenizer()

    def check(self, place: Place) -> None:
        super().check(place)
        before = self.initial_adapter
        if isinstance(self.adapter, Adapter):
            self.adapter.check_model(place, self.described_model(), self.objective, "adapter")
        if self.adapter == "continue" and before is None:
            place.error("adapter", "L0727", {}, help="L0727.help")
        elif self.adapter != "continue" and before is not None and not before.merges:
            place.error("from", "L0728", {"adapter": before.name}, help="L0728.help")
