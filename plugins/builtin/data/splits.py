"""The data `splits`: files that are split already, as one dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...api import DataTask, Facts, FactsOf, Field, Place, Reference, Rows, Work
from ...tables import TableWriter
from .transform import common_schema, mixture, open_part, require_rows, same_columns


class Splits(DataTask):
    """Join rows that are split already into one dataset.

    Its columns are those that all splits have.
    """

    name: ClassVar[str] = "splits"
    example: ClassVar[str] = "splits { train = novels.train, validation = novels.validation }"
    keeps_text: ClassVar[bool] = True
    selects: ClassVar[bool] = False

    train: Rows = Field(description="The rows to train on")
    validation: Rows | None = Field(None, description="The rows to select by")
    test: Rows | None = Field(None, description="The rows to measure on, once")

    @property
    def given(self) -> dict[str, Reference]:
        """Give the rows of each split that there is."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: rows for split, rows in found.items() if rows is not None}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.given)

    @property
    def columns(self) -> tuple[str, ...]:
        return common_columns(self.given.values())

    def check(self, place: Place) -> None:
        if not self.columns:
            place.error(None, "L0645", {"sources": list(self.given)}, help="L0645.help")

    def facts(self, inputs: FactsOf) -> Facts:
        return mixture(inputs(self.train))

    def run(self, work: Work) -> Facts:
        sources = {split: work.input(reference) for split, reference in self.given.items()}
        tables = {split: open_part(sources[split], self.given[split], "rows") for split in sources}
        schema = common_schema(list(tables.values()), self.columns)
        rows = {}
        for number, (split, table) in enumerate(tables.items()):
            with TableWriter(work.directory / f"{split}.parquet", schema) as writer:
                for batch in same_columns(table.arrow(self.columns), schema):
                    work.progress(number, len(tables), rows=writer.rows)
                    writer.write(batch)
            rows[split] = writer.rows
        require_rows(rows, self, field=next((split for split, count in rows.items() if not count), None))
        return {"rows": rows, **mixture(sources["train"].facts)}


def common_columns(references: Iterable[Reference]) -> tuple[str, ...]:
    """Give the columns that all of some data has, in the order of the first."""
    known = [reference.artifact.columns or () for reference in references]
    first, *others = known
    return tuple(column for column in first if all(column in other for other in others))
