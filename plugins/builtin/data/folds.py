"""The data `folds`: rows in equal parts, one of which is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from ...api import DataTask, Derived, Facts, FactsOf, Field, Part, Place, Rows, TaskFailed, Work
from ...tables import Table, TableWriter
from .transform import check_column, masked, mixture, open_part, purpose_of, require_rows, shares


class Folds(DataTask):
    """Cut rows into equal folds, hold one out for validation and train on the others: k-fold cross-validation.

    Which one is held out is the experiment's `fold`; a sweep with `folds` takes each in turn. Equal texts, and rows with
    the same value of `by`, lie in one fold; with `stratify` each value of that column is spread evenly over the folds.
    Folds differ in size by a group at most.
    """

    name: ClassVar[str] = "folds"
    example: ClassVar[str] = 'csv("reviews.csv", text = "body", label = "stars") |> folds(5, stratify = "label")'
    keeps_text: ClassVar[bool] = True
    selects: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("data", "folds")
    settings: ClassVar[tuple[str, ...]] = ("fold",)

    data: Rows = Field(description="The rows to cut")
    folds: int = Field(ge=2, le=1000, description="How many folds")
    by: str | None = Field(None, description="The column whose equal values stay together; none is the text")
    stratify: str | None = Field(None, description="The column whose values are spread evenly, such as the label")
    seed: int = Field(0, ge=0, lt=2**63, description="Another seed cuts otherwise")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.data.artifact.columns or ()

    @property
    def splits(self) -> tuple[str, ...]:
        return ("train", "validation")

    def derives(self, split: str | None) -> list[Derived]:
        # Numbered from the fold that is held out, which is the same one wherever a trial reads it.
        held = 1 / self.folds
        low, high = {"validation": (0.0, held), "train": (held, 1.0)}.get(split or "", (0.0, 1.0))
        key = (self.name, id(self.data.task), self.data.output, self.folds, self.by, self.stratify, self.seed)
        return [Derived(self.data, None, Part(key, low, high, of_text=False), "data")]

    def check(self, place: Place) -> None:
        for field, column in (("by", self.by), ("stratify", self.stratify)):
            if column is not None:
                check_column(place, self.data.artifact, column, field)

    def facts(self, inputs: FactsOf) -> Facts:
        return mixture(inputs(self.data))

    def run(self, work: Work) -> Facts:
        source = work.input(self.data)
        held = int(work.settings.get("fold") or 1)
        if held > self.folds:
            raise TaskFailed("L0797.fold", {"fold": held, "folds": self.folds}, field="folds", help="L0797.fold.help")
        table = open_part(source, self.data, "rows")
        folds = spread(self._groups(table), self.folds)
        if len(folds) < self.folds:
            values = {"groups": len(folds), "folds": self.folds}
            raise TaskFailed("L0797", values, field="folds", help="L0797.help")
        rows = {}
        with (
            TableWriter(work.directory / "train.parquet", table.schema) as train,
            TableWriter(work.directory / "validation.parquet", table.schema) as validation,
        ):
            for batch in table.arrow():
                out = [folds[group] == held - 1 for group in shares(batch, self.by, self.seed, purpose_of(self))]
                validation.write(masked(batch, out))
                train.write(masked(batch, [not one for one in out]))
                work.progress(train.rows + validation.rows, len(table))
            rows = {"train": train.rows, "validation": validation.rows}
        require_rows(rows, self)
        return {"rows": rows, **mixture(source.facts)}

    def _groups(self, table: Table) -> dict[float, Counter[str]]:
        """Count the labels of each group of rows that stay together."""
        groups: dict[float, Counter[str]] = {}
        for batch in table.arrow():
            labels = [""] * batch.num_rows
            if self.stratify is not None:
                labels = [str(label) for label in batch.column(self.stratify).to_pylist()]
            for group, label in zip(shares(batch, self.by, self.seed, purpose_of(self)), labels, strict=True):
                groups.setdefault(group, Counter())[label] += 1
        return groups


def spread(groups: Mapping[float, Counter[str]], folds: int) -> dict[float, int]:
    """Give each group its fold: the largest first, each to where fewest rows of its labels are, counted in their shares.

    That keeps the sum of squares of each label's counts least, as scikit-learn's StratifiedGroupKFold does.
    """
    totals: Counter[str] = Counter()
    for labels in groups.values():
        totals.update(labels)
    held: list[Counter[str]] = [Counter() for _ in range(folds)]
    sizes = [0] * folds
    found = {}
    for group in sorted(groups, key=lambda group: (-groups[group].total(), group)):
        labels = groups[group]

        def crowded(fold: int, labels: Counter[str] = labels) -> tuple[float, int, int]:
            shared = sum(count * held[fold][label] / totals[label] ** 2 for label, count in labels.items())
            return shared, sizes[fold], fold

        fold = min(range(folds), key=crowded)
        found[group] = fold
        held[fold].update(labels)
        sizes[fold] += labels.total()
    return found
