"""The objective `classification`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts, Place
from ...models import Model, Shape
from ...values import Batch, Encoding, Network, Objective, Records, TensorBatch
from ..encoding.single import Single

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


class Classification(Objective):
    """Give each record one of the labels that occur in training.

    A head over the pooled hidden states is added to the body. `pooling = auto` takes the last token of a causal
    model, which alone has seen the whole text, and the mean of a bidirectional one.
    """

    name: ClassVar[str] = "classification"
    example: ClassVar[str] = "classification { pooling = mean, dropout = 10% }"
    columns: ClassVar[tuple[str, ...]] = ("text", "label")
    gives: ClassVar[tuple[str, ...]] = ("label",)

    pair: Annotated[str | None, Field(description="The column of a second text, read behind the first")] = None
    pooling: Annotated[
        Literal["auto", "last", "mean", "first"], Field(description="Which hidden states stand for the text")
    ] = "auto"
    pooler: Annotated[
        bool, Field(description="Whether what stands for the text goes through a layer with tanh, as in BERT")
    ] = False
    keep: Annotated[Literal["start", "end"], Field(description="What is left of a text that is too long")] = "start"
    dropout: Annotated[
        float | None, Field(ge=0, lt=1, description="On what the head reads; none is the model's own")
    ] = None
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="How much of the target is shared among all labels, in training")
    ] = 0.0

    def reads(self) -> tuple[str, ...]:
        return ("text", self.pair, "label") if self.pair else ("text", "label")

    def check_model(self, place: Place, model: Model, field: str) -> None:
        if self.pooling == "first" and model.attention == "causal":
            place.error(field, "L0525", {"model": model.name}, help="L0525.help")

    def encoding(self, shape: Shape) -> Encoding:
        return Single(length=shape.context_length, keep=self.keep, pair=self.pair)

    def count(self, batch: Batch) -> float:
        return float(len(batch["label"]))

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import ClassificationHead, Pooling

        natural: Pooling = "last" if shape.attention == "causal" else "mean"
        pooling = natural if self.pooling == "auto" else self.pooling
        dropout = shape.dropout if self.dropout is None else self.dropout
        return ClassificationHead(shape, len(facts["labels"]), pooling, dropout, self.pooler)

    def logits(self, network: Network, batch: TensorBatch) -> torch.Tensor:
        """Give the logits of each row's labels: (B, C), in float32."""
        assert network.head is not None
        logits: torch.Tensor = network.head(network.hidden(batch), batch.get("segments"))
        return logits.float()

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.loss_of(network, self.logits(network, batch), batch)

    def loss_of(
        self, network: Network, logits: torch.Tensor, batch: TensorBatch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Give the loss of logits (B, C)."""
        from torch.nn.functional import cross_entropy

        from ...nn.auxiliary import with_auxiliary

        label = batch["label"]
        # What is measured is the cross-entropy itself; see LanguageModelling.
        smoothing = self.label_smoothing if network.training else 0.0
        loss = cross_entropy(logits, label, reduction="sum", label_smoothing=smoothing)
        return with_auxiliary(network, loss, label), {"accuracy": (logits.detach().argmax(dim=1) == label).sum()}

    def targets(self, batch: Batch) -> np.ndarray[Any, Any]:
        return batch["label"]

    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        scores = self.logits(network, batch).softmax(dim=1)
        indices = scores.argmax(dim=1).tolist()
        return [{"prediction": index, "scores": row} for index, row in zip(indices, scores.tolist(), strict=True)]

    def join(
        self, predictions: Iterable[tuple[Mapping[str, Any], Any]], facts: Facts, records: Records
    ) -> list[Mapping[str, Any]]:
        joined = [
            {"record": int(scalars["record"]), "label": int(scalars["label"]), **prediction}
            for scalars, prediction in predictions
        ]
        return sorted(joined, key=lambda each: int(each["record"]))
