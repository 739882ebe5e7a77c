"""The hidden task that has a checkpoint score the rows of a stage once: what its objective compares the model with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from ...dsl.program import Reference
from ...dsl.types import Artifact
from ..component import Estimate, Facts, FactsOf, Task
from ..fields import CheckpointOf, hidden, neutral
from ..tasks import Trained
from ..values import Objective
from ..work import ScoringJob, Work
from .tokens import Tokens


class Scores(Task):
    """Score each encoded row by a checkpoint that doesn't change (see `Objective.scorer`).

    The artifact is a folder of shards with one number a row and score, in the order of the rows, for each of their splits.
    """

    kind: ClassVar[str] = "scores"
    name: ClassVar[str] = "scores"
    on_device: ClassVar[bool] = True
    settings: ClassVar[tuple[str, ...]] = ("precision", "deterministic")

    tokens: Annotated[Reference, Artifact("tokens")] = hidden(...)
    checkpoint: CheckpointOf = hidden(...)
    objective: Objective = hidden(...)
    batch: int = neutral(16)

    def outputs(self) -> dict[str, Artifact]:
        return {"scores": Artifact("scores")}

    @property
    def trained(self) -> Trained:
        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        return self.checkpoint.task

    def estimate(self, inputs: FactsOf) -> Estimate:
        vocab_size = inputs(self.trained.described_tokenizer()).get("vocab_size")
        if vocab_size is None:
            return Estimate()
        model = self.trained.described_model()
        parameters, length = model.parameters(vocab_size), model.shape.context_length
        splits: Sequence[Facts] = list(inputs(self.tokens).get("splits", {}).values())
        tokens = sum(split["tokens"] for split in splits) or None
        return Estimate(
            parameters=parameters,
            trained_parameters=0,
            tokens=tokens,
            flops=model.flops_per_token(vocab_size, length) * tokens if tokens else None,
            memory=4 * parameters,
        )

    def run(self, work: Work) -> Facts:
        tokens = self.tokens.task
        assert isinstance(tokens, Tokens)
        objective = self.trained.described_objective()
        return work.score(
            ScoringJob(
                checkpoint=self.checkpoint,
                model=self.trained.described_model(),
                trained=objective if objective is not None else self.objective,
                objective=self.objective,
                tokens=tokens,
                batch=self.batch,
            )
        )


def scores_of(objective: Objective, tokens: Tokens) -> Scores | None:
    """Give the task that scores some rows for an objective; None if it needs no scores."""
    if (found := objective.scorer()) is None:
        return None
    checkpoint, scoring = found
    return Scores(tokens=tokens.default(), checkpoint=checkpoint, objective=scoring)
