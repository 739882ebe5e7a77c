"""The eval `evaluate`: metrics of a checkpoint on rows that it was not trained on."""

from __future__ import annotations

from typing import Any, ClassVar

from ...api import (
    Artifact,
    CheckpointOf,
    Decoding,
    Encoding,
    Evaluation,
    EvaluationJob,
    Facts,
    Field,
    Metric,
    Objective,
    Place,
    Rows,
    Task,
    Trained,
    Work,
    neutral,
)
from ...derived import kept_together
from ...fit import check_fit
from ...tables import Table, parts
from ..data.transform import open_part
from ..decoding.greedy import Greedy
from ..scores import Scores, scores_of
from ..tokens import Tokens


class Evaluate(Evaluation):
    """Measure a checkpoint, each metric with its interval and beside the reference that it must beat."""

    name: ClassVar[str] = "evaluate"
    version: ClassVar[int] = 2
    example: ClassVar[str] = "evaluate(classify.best, data = reviews.test, metrics = [accuracy, macro_f1])"
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)
    settings: ClassVar[tuple[str, ...]] = ("seed", "precision", "deterministic")

    checkpoint: CheckpointOf = Field(description="The checkpoint to measure")
    data: Rows = Field(description="The rows to measure it on")
    metrics: list[Metric] = Field(min_length=1, description="What to measure")
    objective: Objective | None = Field(None, description="How the rows are read; none is as it was trained")
    decoding: Decoding = Field(
        default_factory=Greedy, description="How texts are written, for metrics that hold them against targets"
    )
    batch: int = neutral(64, "Rows at once", ge=1)

    @property
    def trained(self) -> Trained:
        assert isinstance(self.checkpoint.task, Trained), "only such tasks put out checkpoints"
        return self.checkpoint.task

    def described_objective(self) -> Objective | None:
        return self.objective or self.trained.described_objective()

    def outputs(self) -> dict[str, Artifact]:
        bounds = {metric.name: metric.bounds for metric in self.metrics}
        return {name: Artifact("number", least=least, most=most) for name, (least, most) in bounds.items()}

    def check(self, place: Place) -> None:
        objective = self.described_objective()
        if objective is None:
            place.error("objective", "L0553", {}, help="L0553.help")
            return
        check_fit(place, objective, self.trained.described_model(), self.data.artifact)
        trained = self.trained.described_objective()
        if trained is not None and trained.name != objective.name and self._collects(objective):
            values = {"objective": objective.name, "trained": trained.name}
            place.error("objective", "L0557", values, help="L0557.help")
        for index, metric in enumerate(self.metrics):
            if metric.name in (before.name for before in self.metrics[:index]):
                place.error("metrics", "L0558", {"metric": metric.name}, help="L0558.help", index=index)
            elif metric.needs not in objective.offers():
                values = {"metric": metric.name, "objective": objective.name}
                place.error("metrics", "L0552", values, help="L0552.help", index=index)

    def _collects(self, objective: Objective) -> bool:
        """Tell whether an objective needs what only training with it collects, such as the label set."""
        encoding = objective.encoding(self.trained.described_model().shape)
        return type(encoding).collect is not Encoding.collect

    def tokens(self) -> Tokens:
        objective = self.described_objective()
        assert objective is not None, "checked"
        training = self.trained.training_tokens()
        return Tokens(
            data=self.data,
            tokenizer=self.trained.described_tokenizer(),
            encoding=objective.encoding(self.trained.described_model().shape),
            like=training.default() if training else None,
        )

    def scores(self) -> Scores | None:
        objective = self.described_objective()
        assert objective is not None, "checked"
        return scores_of(objective, self.tokens())

    def prepare(self) -> dict[str, Task]:
        scores = self.scores()
        return {"tokens": self.tokens()} | ({"scores": scores} if scores else {})

    def run(self, work: Work) -> Facts:
        from ...intervals import interval
        from ...outcomes import write_outcome
        from .classified import calibration, confusion_matrix, mistakes
        from .texts import written

        objective = self.described_objective()
        assert objective is not None, "checked"
        outcome = work.evaluate(
            EvaluationJob(
                checkpoint=self.checkpoint,
                objective=objective,
                model=self.trained.described_model(),
                tokens=self.tokens(),
                data=self.data,
                metrics=self.metrics,
                batch=self.batch,
                decoding=self.decoding,
                scores=self.scores(),
            )
        )
        outcome.groups = self._groups(work)
        write_outcome(work.directory, outcome, self.metrics, parts(work.input(self.data), self.data)["rows"])
        facts: Facts = {"metrics": {}, "intervals": {}, "references": {}, "better": {}}
        facts["rows"] = int(outcome.sums.get("rows", 0))
        for metric in self.metrics:
            facts["metrics"][metric.name] = metric.compute(outcome)
            facts["better"][metric.name] = "higher" if metric.higher_is_better else "lower"
            if (ends := interval(metric, outcome, work.random("intervals"))) is not None:
                facts["intervals"][metric.name] = list(ends)
            if (reference := metric.reference(outcome)) is not None:
                facts["references"][metric.name] = reference
            if by_label := metric.by_label(outcome):
                facts.setdefault("by_label", {})[metric.name] = by_label
            if details := metric.details(outcome):
                facts.setdefault("details", {})[metric.name] = details
                shown = "; ".join(f"{name} {_shown(value)}" for name, value in details.items())
                work.progress.log("evaluate.details", metric=metric.name, details=shown)
        pictures = {
            "confusion": confusion_matrix(outcome),
            "calibration": calibration(outcome),
            "mistakes": mistakes(outcome, self._table(work)),
            "samples": written(outcome, objective.writes),
        }
        return facts | {name: picture for name, picture in pictures.items() if picture}

    def _table(self, work: Work) -> Table:
        """Open the records behind the rows."""
        return open_part(work.input(self.data), self.data, "rows")

    def _groups(self, work: Work) -> list[Any] | None:
        """Give the group of each record, if some were kept together when the rows were divided."""
        column = kept_together(self.data)
        return None if column is None else [row[column] for row in self._table(work).rows([column])]


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
