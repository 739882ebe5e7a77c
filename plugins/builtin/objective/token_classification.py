"""The objective `token_classification`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts
from ...models import Shape
from ...predicting import Predicting
from ...values import IGNORED, Batch, Encoding, Network, TensorBatch
from ..encoding.labels import list_of
from ..encoding.words import UNTAGGED, Words, words_of
from ..tags import Scheme, spans

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


class TokenClassification(Predicting):
    """Give each word one of the tags that occur in training: names in a text, parts of speech.

    The column `tokens` holds the words of a record and `tags` a tag for each, both as lists. Words become pieces of
    tokens, and what the model says at one piece of a word is its tag, whatever the pieces are; a text that is longer
    than the context is read in overlapping windows, and each word has its tag from one of them. A causal model sees of
    the text what stands before a word, and the word itself: an encoder sees both sides.
    """

    name: ClassVar[str] = "token_classification"
    example: ClassVar[str] = 'token_classification { separator = "" }'
    columns: ClassVar[tuple[str, ...]] = ("tokens", "tags")
    gives: ClassVar[tuple[str, ...]] = ("tags",)

    scheme: Annotated[
        Scheme,
        Field(
            description="How tags mark spans: iob2 (each begins with B), iob1 (B parts two of a sort alone), or none (each "
            "tag is for itself, as parts of speech are); what can't be so ends the run with its place"
        ),
    ] = "iob2"
    separator: Annotated[
        str, Field(description='What stands between two words in running text; "" for Japanese and Chinese')
    ] = " "
    tagged: Annotated[
        Literal["auto", "first", "last", "all"],
        Field(description="Which pieces of a word carry its tag; auto is the first, and of a causal model the last"),
    ] = "auto"
    overlap: Annotated[
        int | None,
        Field(ge=0, description="The tokens that two windows of a long text share; none is a quarter of them"),
    ] = None
    dropout: Annotated[
        float | None, Field(ge=0, lt=1, description="On what the head reads; none is the model's own")
    ] = None

    def encoding(self, shape: Shape) -> Encoding:
        # A causal model has seen all of a word at its last piece alone.
        natural: Literal["first", "last"] = "last" if shape.attention == "causal" else "first"
        return Words(
            length=shape.context_length,
            overlap=self.overlap,
            separator=self.separator,
            tagged=natural if self.tagged == "auto" else self.tagged,
            read=natural if self.tagged in ("auto", "all") else self.tagged,
            scheme=self.scheme,
        )

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        import numpy as np

        tags = batch["tags"].astype(np.int64)
        others = {name: array for name, array in batch.items() if name != "tags"}
        return {**others, "targets": np.where(tags > 0, tags - 1, IGNORED)}

    def count(self, batch: Batch) -> float:
        return float((batch["targets"] != IGNORED).sum())

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import TokenHead

        return TokenHead(shape, len(facts["labels"]), shape.dropout if self.dropout is None else self.dropout)

    def logits(self, network: Network, batch: TensorBatch) -> torch.Tensor:
        """Give the logits of the tags at each token: (B, L, C), in float32."""
        assert network.head is not None
        logits: torch.Tensor = network.head(network.hidden(batch))
        return logits.float()

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from torch.nn.functional import cross_entropy

        from ...nn.auxiliary import with_auxiliary

        logits, targets = self.logits(network, batch), batch["targets"]
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum", ignore_index=IGNORED)
        right = (logits.detach().argmax(dim=2) == targets).sum()
        return with_auxiliary(network, loss, targets != IGNORED), {"accuracy": right}

    def targets(self, batch: Batch) -> np.ndarray[Any, Any]:
        found = batch["targets"]
        return found[found != IGNORED]

    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        """Give for each row the words whose tags it has: (number in the record, tag, score, true tag) each."""
        best = self.logits(network, batch).softmax(dim=2).max(dim=2)
        arrays = [
            array.detach().cpu().numpy() for array in (batch["words"], best.indices, best.values, batch["targets"])
        ]
        found = []
        for row in zip(*arrays, strict=True):
            held = row[0] > 0
            found.append(list(zip(*(array[held].tolist() for array in row), strict=True)))
        return found

    def join(
        self,
        predictions: Iterable[tuple[Mapping[str, Any], Any]],
        facts: Facts,
        records: Sequence[Mapping[str, Any]] = (),
    ) -> list[Mapping[str, Any]]:
        """Give for each record the tags of its words: `tags` as they were given, `prediction`, and the `scores` of these."""
        words: dict[int, list[Any]] = {}
        for scalars, row in predictions:
            words.setdefault(int(scalars["record"]), []).extend(row)
        labels = [str(label) for label in facts["labels"]]
        joined: list[Mapping[str, Any]] = []
        for record, found in sorted(words.items()):
            numbers, tags, scores, true = zip(*sorted(found), strict=True)
            assert numbers == tuple(range(1, len(found) + 1)), "each word has its tag in one row"
            joined.append(
                {
                    "record": record,
                    **(_given(records[record]) if records else {}),
                    "tags": [labels[tag] if tag != IGNORED else None for tag in true],
                    "prediction": [labels[tag] for tag in tags],
                    "scores": list(scores),
                }
            )
        return joined

    def supplied(self) -> tuple[str, ...]:
        return ("tags",)

    def blank(self, facts: Facts) -> Mapping[str, Any]:
        return {"tags": UNTAGGED}

    def told(self, joined: Mapping[str, Any], facts: Facts) -> Mapping[str, Any]:
        """Give the spans with their text, their place in characters and the least score of their words; else the tags."""
        words, tags, scores = joined["tokens"], joined["prediction"], joined["scores"]
        if self.scheme == "none":
            pairs = zip(words, tags, scores, strict=True)
            return {"prediction": [{"label": tag, "text": word, "score": score} for word, tag, score in pairs]}
        text = self.separator.join(words) if joined.get("text") is None else joined["text"]
        places: list[tuple[int, int]] = []
        for word in words:
            start = text.index(word, places[-1][1] if places else 0)
            places.append((start, start + len(word)))
        found = []
        for span in spans(tags):
            start, end = places[span.first][0], places[span.behind - 1][1]
            score = min(scores[span.first : span.behind])
            found.append({"label": span.kind, "text": text[start:end], "start": start, "end": end, "score": score})
        return {"prediction": found, "text": text}


def _given(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the words of a record, and its text if it came without words."""
    given = record["tokens"]
    is_plain = isinstance(given, str) and list_of(given) is None
    return {"tokens": words_of(record), **({"text": given} if is_plain else {})}
