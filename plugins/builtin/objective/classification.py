"""The objective `classification`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts, Place, TaskFailed
from ...models import Model, Shape
from ...predicting import Predicting
from ...values import Batch, Encoding, Network, TensorBatch
from ..encoding.single import Single

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


Positive = Annotated[float, Field(gt=0)]


class Classification(Predicting):
    """Give each record one of the labels that occur in training, or with `multi_label` any number of them.

    A head over the pooled hidden states is added to the body. `pooling = auto` takes the last token of a causal
    model, which alone has seen the whole text, and the mean of a bidirectional one. Several labels are each decided for
    itself: a sigmoid and the binary cross-entropy of each, whose mean over the labels is the loss of a record.

    Class weights shape the gradient alone. They are scaled so that their mean over the training records is 1; the loss
    that is measured is the plain cross-entropy.
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

    multi_label: Annotated[
        bool, Field(description="Whether a record has any number of labels: its `label` is a list of them")
    ] = False
    threshold: Annotated[
        float, Field(gt=0, lt=1, description="The probability from which on one of several labels is given")
    ] = 0.5
    class_weights: Annotated[
        Literal["balanced"] | dict[str, Positive] | None,
        Field(
            description="How much a record counts in training by its label: balanced is 1 over how often a label occurs; "
            "a label that a map doesn't name counts 1"
        ),
    ] = None

    def reads(self) -> tuple[str, ...]:
        return ("text", self.pair, "label") if self.pair else ("text", "label")

    def offers(self) -> tuple[str, ...]:
        return ("label", "labels") if self.multi_label else ("label", "one_label")

    def check(self, place: Place) -> None:
        if not self.multi_label and self.threshold != type(self).model_fields["threshold"].default:
            place.error("threshold", "L0531", {"field": "threshold", "needs": "multi_label = true"}, help="L0531.help")

    def check_model(self, place: Place, model: Model, field: str) -> None:
        if self.pooling == "first" and model.attention == "causal":
            place.error(field, "L0525", {"model": model.name}, help="L0525.help")

    def encoding(self, shape: Shape) -> Encoding:
        return Single(length=shape.context_length, keep=self.keep, pair=self.pair, multi_label=self.multi_label)

    def count(self, batch: Batch) -> float:
        return float(len(batch["label"]))

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import ClassificationHead, Pooling

        natural: Pooling = "last" if shape.attention == "causal" else "mean"
        pooling = natural if self.pooling == "auto" else self.pooling
        dropout = shape.dropout if self.dropout is None else self.dropout
        return ClassificationHead(shape, len(facts["labels"]), pooling, dropout, self.pooler)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Make one row of 0 and 1 of the labels of each record, where there are several; add what each counts."""
        import numpy as np

        prepared = dict(batch)
        if self.multi_label:
            # A column more for the padding, which is number 0.
            held = np.zeros((len(batch["label"]), len(facts["labels"]) + 1), dtype=np.int64)
            np.put_along_axis(held, batch["label"].astype(np.int64), 1, axis=1)
            prepared["label"] = held[:, 1:]
        if self.class_weights is not None:
            weights = self.weights(facts)
            prepared["weight"] = np.tile(weights, (len(held), 1)) if self.multi_label else weights[batch["label"]]
        return prepared

    def weights(self, facts: Facts) -> np.ndarray[Any, Any]:
        """Give how much a record of each label counts: (C,), of mean 1 over the training records.

        Raises TaskFailed for a label that training hasn't.
        """
        import numpy as np

        counts = np.array(facts["label_counts"], dtype=np.float64)
        if isinstance(self.class_weights, Mapping):
            names = [str(label) for label in facts["labels"]]
            if unknown := [name for name in self.class_weights if name not in names]:
                values = {"label": unknown[0], "known": ", ".join(names[:10])}
                raise TaskFailed("L0755", values, field="objective", help="L0755.help")
            weights = np.array([self.class_weights.get(name, 1.0) for name in names])
        else:
            weights = 1 / counts
        return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)

    def logits(self, network: Network, batch: TensorBatch) -> torch.Tensor:
        """Give the logits of each row's labels: (B, C), in float32."""
        from ...nn.heads import ClassificationHead

        head, segments = network.head, batch.get("segments")
        assert head is not None
        # Another head, of an objective that builds on this one, pools by itself.
        at = head.position(batch["tokens"], segments) if isinstance(head, ClassificationHead) else None
        hidden = network.hidden(batch, at=at)
        logits: torch.Tensor = head(hidden, None if at is not None else segments)
        return logits.float()

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return self.loss_of(network, self.logits(network, batch), batch)

    def loss_of(
        self, network: Network, logits: torch.Tensor, batch: TensorBatch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Give the loss of logits (B, C)."""
        from ...nn.auxiliary import with_auxiliary

        label = batch["label"]
        # What is measured is the cross-entropy itself; see LanguageModelling.
        weight = batch.get("weight") if network.training else None
        smoothing = self.label_smoothing if network.training else 0.0
        losses = (_each if self.multi_label else _one)(logits, label, weight, smoothing)
        rows = label.reshape(len(label), -1)[:, 0]
        return with_auxiliary(network, losses.sum(), rows), {"accuracy": self._right(logits.detach(), label).sum()}

    def _right(self, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Tell of each row whether all of it is right: (B,)."""
        if self.multi_label:
            return ((logits.sigmoid() >= self.threshold) == label.bool()).all(dim=1)
        return logits.argmax(dim=1) == label

    def targets(self, batch: Batch) -> np.ndarray[Any, Any] | None:
        return None if self.multi_label else batch["label"]

    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        """Give for each row the number of its label and the scores of all; of several the numbers, and what was true."""
        logits = self.logits(network, batch)
        if not self.multi_label:
            scores = logits.softmax(dim=1)
            indices = scores.argmax(dim=1).tolist()
            return [{"prediction": index, "scores": row} for index, row in zip(indices, scores.tolist(), strict=True)]
        scores = logits.sigmoid()
        given, true = (scores >= self.threshold).tolist(), batch["label"].tolist()
        return [
            {"label": _numbers(labels), "prediction": _numbers(found), "scores": row}
            for labels, found, row in zip(true, given, scores.tolist(), strict=True)
        ]

    def join(
        self,
        predictions: Iterable[tuple[Mapping[str, Any], Any]],
        facts: Facts,
        records: Sequence[Mapping[str, Any]] = (),
    ) -> list[Mapping[str, Any]]:
        joined = []
        for scalars, prediction in predictions:
            label = {} if self.multi_label else {"label": int(scalars["label"])}
            joined.append({"record": int(scalars["record"]), **label, **prediction})
        return sorted(joined, key=lambda each: int(each["record"]))

    def tells_apart(self, facts: Facts) -> Any:
        # How often labels occur is of the data, and not of what the head says.
        return [self.name, {"labels": facts.get("labels")}]

    def blank(self, facts: Facts) -> Mapping[str, Any]:
        return {"label": [] if self.multi_label else facts["labels"][0]}

    def told(self, joined: Mapping[str, Any], facts: Facts) -> Mapping[str, Any]:
        labels, scores = facts["labels"], joined["scores"]
        given = joined["prediction"] if self.multi_label else [joined["prediction"]]
        named = {str(label): score for label, score in zip(labels, scores, strict=True)}
        prediction = [labels[number] for number in given]
        # The label of which it is least sure: of none, that which is nearest to being given.
        score = min((scores[number] for number in given), default=max(scores))
        return {"prediction": prediction if self.multi_label else prediction[0], "score": score, "scores": named}


def _one(logits: torch.Tensor, label: torch.Tensor, weight: torch.Tensor | None, smoothing: float) -> torch.Tensor:
    """Give the cross-entropy of each row: (B,)."""
    from torch.nn.functional import cross_entropy

    losses = cross_entropy(logits, label, reduction="none", label_smoothing=smoothing)
    return losses if weight is None else losses * weight


def _each(logits: torch.Tensor, label: torch.Tensor, weight: torch.Tensor | None, smoothing: float) -> torch.Tensor:
    """Give the mean binary cross-entropy of each row (B,); a label that weighs more does so where a record has it."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    target = label * (1 - smoothing) + smoothing / 2
    losses = binary_cross_entropy_with_logits(logits, target.float(), reduction="none")
    return (losses if weight is None else losses * (1 + (weight - 1) * label)).mean(dim=1)


def _numbers(held: list[Any]) -> list[int]:
    return [number for number, value in enumerate(held) if value]
