"""The objective `extractive_qa`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...component import Facts
from ...models import Shape
from ...predicting import Predicting
from ...values import Batch, Encoding, Network, Records, TensorBatch
from ..encoding.answers import one_answer, read_answers
from ..encoding.windows import Windows
from ..squad import best_threshold, exact

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

THRESHOLD = "no_answer_threshold"
"""The fact in which a checkpoint keeps what was chosen on validation rows."""


class ExtractiveQA(Predicting):
    """Answer a question by the piece of a context that answers it, or say that none does.

    A head scores each token as the first and as the last one of the answer (Devlin et al. 2019, arXiv:1810.04805). A
    long context is read in overlapping windows; one that doesn't hold the answer points to the place that stands for
    no answer: the first token of a bidirectional model, the last one of a causal model, which alone has seen all.

    The data has the columns `question`, `context` and `answers` (as `squad` reads them), and `id` if there is one. An
    answer is cut from the context as it was written, whatever the tokenizer made of it.
    """

    name: ClassVar[str] = "extractive_qa"
    example: ClassVar[str] = "extractive_qa { stride = 128, max_answer_length = 30 }"
    columns: ClassVar[tuple[str, ...]] = ("question", "context", "answers")
    gives: ClassVar[tuple[str, ...]] = ("answer",)

    stride: Annotated[
        int | None,
        Field(gt=0, description="Tokens from one window of a long context to the next; none is half of a window"),
    ] = None
    answer_start: Annotated[
        str | None,
        Field(description="The column with the offset of the one text in `answer`; none reads all from `answers`"),
    ] = None
    max_answer_length: Annotated[int, Field(gt=0, description="The most tokens of a predicted answer")] = 30
    n_best: Annotated[int, Field(gt=0, description="Answers that are kept of each question, the best first")] = 5
    no_answer_threshold: Annotated[
        float | Literal["auto"] | None,
        Field(
            description="By how much no answer must beat the best one; none is never, auto is what is best on the "
            "validation rows"
        ),
    ] = "auto"

    def reads(self) -> tuple[str, ...]:
        return ("question", "context", *self.supplied())

    def supplied(self) -> tuple[str, ...]:
        return ("answers",) if self.answer_start is None else ("answer", self.answer_start)

    def encoding(self, shape: Shape) -> Encoding:
        none: Literal["first", "last"] = "last" if shape.attention == "causal" else "first"
        return Windows(length=shape.context_length, stride=self.stride, answer_start=self.answer_start, none=none)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Say which places may be pointed to, and have windows without the answer point to that for none.

        `allowed` (B, L) are those of the context and the one for no answer, `none` (B,).
        """
        import numpy as np

        rows = np.arange(len(batch["tokens"]))
        none = np.minimum(batch["none"], np.maximum((batch["segments"] != 0).sum(axis=1) - 1, 0))
        context = batch["context"] != 0
        allowed = context.copy()
        allowed[rows, none] = True
        prepared = {name: batch[name] for name in ("tokens", "segments", "types", "begins", "ends")}
        for name in ("start", "end"):
            inside = (batch["start"] >= 0) & context[rows, batch["start"]] & context[rows, batch["end"]]
            prepared[name] = np.where(inside, batch[name], none).astype(np.int64)
        return prepared | {"context": context, "allowed": allowed, "none": none}

    def count(self, batch: Batch) -> float:
        return float(len(batch["tokens"]))

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.answers import SpanHead

        return SpanHead(shape)

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from ...nn.answers import pointing_loss
        from ...nn.auxiliary import with_auxiliary

        start, end = self._scores(network, batch)
        loss = pointing_loss(start, end, batch["allowed"].bool(), batch["start"], batch["end"])
        return with_auxiliary(network, loss, batch["start"]), {}

    def carries(self, batch: Batch) -> np.ndarray[Any, Any]:
        allowed: np.ndarray[Any, Any] = batch["allowed"]
        return allowed

    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        """Give for each window the score of no answer, and its best spans as (score, first, behind the last character)."""
        from ...nn.answers import best_spans

        start, end = self._scores(network, batch)
        scores, first, last = best_spans(start, end, batch["context"].bool(), self.max_answer_length, self.n_best)
        begins, ends = batch["begins"].gather(1, first), batch["ends"].gather(1, last)
        none = batch["none"].unsqueeze(1)
        no_answer = (start.gather(1, none) + end.gather(1, none)).squeeze(1)
        columns = (each.tolist() for each in (no_answer, scores, begins, ends))
        return [
            {"no_answer": nothing, "spans": list(zip(*spans, strict=True))}
            for nothing, *spans in zip(*columns, strict=True)
        ]

    def _scores(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, torch.Tensor]:
        assert network.head is not None
        start, end = network.head(network.hidden(batch))
        return start, end

    def join(
        self, predictions: Iterable[tuple[Mapping[str, Any], Any]], facts: Facts, records: Records
    ) -> list[Mapping[str, Any]]:
        """Give the best span over the windows of each record, cut from its context, or "" for none.

        No answer is as likely as in the window where it is least so (as in run_squad of BERT).
        """
        windows: defaultdict[int, list[Any]] = defaultdict(list)
        for scalars, prediction in predictions:
            windows[int(scalars["record"])].append(prediction)
        given = self.no_answer_threshold
        settled: Facts = facts.get("train", facts).get("settled", {})
        threshold = settled.get(THRESHOLD, 0.0) if given == "auto" else given
        return [self._joined(number, windows[number], records[number], threshold) for number in sorted(windows)]

    def _joined(
        self, number: int, windows: Sequence[Any], record: Mapping[str, Any], threshold: float | None
    ) -> Mapping[str, Any]:
        no_answer = min(window["no_answer"] for window in windows)
        best: dict[tuple[int, int], float] = {}
        for score, start, end in (span for window in windows for span in window["spans"]):
            # Tokens may hold parts of a character: what reads alike is one answer.
            if score > best.get((start, end), -math.inf) and record["context"][start:end].strip():
                best[start, end] = score
        ranked = sorted(best, key=lambda span: (-best[span], span))[: self.n_best]
        scores = _softmax([no_answer, *(best[span] for span in ranked)])
        n_best = [
            {"answer": record["context"][start:end], "start": start, "end": end, "score": score}
            for (start, end), score in zip(ranked, scores[1:], strict=True)
        ]
        margin = no_answer - best[ranked[0]] if ranked else math.inf
        silent = not ranked or (threshold is not None and margin > threshold)
        nothing = {"answer": "", "start": None, "end": None, "score": scores[0]}
        chosen = nothing if silent else n_best[0]
        return {
            "record": number,
            "id": record.get("id"),
            "question": record["question"],
            "context": record["context"],
            "answers": self._right(record),
            "prediction": chosen["answer"],
            **{name: chosen[name] for name in ("start", "end", "score")},
            "best": n_best[0]["answer"] if n_best else "",
            "margin": margin,
            "n_best": n_best,
        }

    def _right(self, record: Mapping[str, Any]) -> list[str]:
        """Give the texts of the answers of a record; none if it is not said."""
        if self.answer_start is None:
            answers = read_answers(record.get("answers")) or []
        else:
            one = one_answer(record.get("answer"), record.get(self.answer_start))
            answers = [] if one is None else [one]
        return [answer.text for answer in answers]

    def settle(self, joined: Sequence[Mapping[str, Any]], facts: Facts) -> Facts:
        """Choose the threshold with the most exact matches on validation rows: none if all of them have an answer."""
        if self.no_answer_threshold != "auto":
            return {}
        if not joined or all(one["answers"] for one in joined):
            return {THRESHOLD: None}
        judged = [(one["margin"], exact(one["best"], one["answers"]), not one["answers"]) for one in joined]
        return {THRESHOLD: best_threshold(judged)}

    @property
    def settles(self) -> bool:
        return self.no_answer_threshold == "auto"

    def blank(self, facts: Facts) -> Mapping[str, Any]:
        return dict.fromkeys(self.supplied())

    def told(self, joined: Mapping[str, Any], facts: Facts) -> Mapping[str, Any]:
        more = [dict(each) for each in joined["n_best"]]
        return (
            {"prediction": joined["prediction"]}
            | {name: joined[name] for name in ("score", "start", "end")}
            | {"n_best": more}
        )


def _softmax(scores: Sequence[float]) -> list[float]:
    most = max(scores)
    weights = [math.exp(score - most) for score in scores]
    return [weight / sum(weights) for weight in weights]
