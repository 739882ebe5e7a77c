"""The data `split`: rows, each in one of several splits."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

from ...api import DataTask, Derived, Facts, FactsOf, Field, Fraction, Part, Place, Rows, Work
from ...tables import TableWriter
from .transform import check_column, masked, mixture, open_part, purpose_of, require_rows, shares


class Split(DataTask):
    """Split rows into train, validation and test by a stable hash of their text.

    A row's split depends on its text and the seed alone: rows that are added later move no other, equal texts never
    lie on both sides, and each label has its share of each split in expectation. With `by`, the hash is of that
    column, which keeps a group (a book, a speaker) on one side. The sizes are therefore near the fractions and not
    equal to them. Changing `validation` leaves the test split as it is.
    """

    name: ClassVar[str] = "split"
    example: ClassVar[str] = 'text("books/*.txt") |> split(validation = 5%, test = 5%, by = "file")'
    keeps_text: ClassVar[bool] = True
    selects: ClassVar[bool] = False
    positional: ClassVar[tuple[str, ...]] = ("data",)

    data: Rows = Field(description="The rows to split")
    validation: Fraction = Field(0.0, description="The share of the validation split; 0 makes none")
    test: Fraction = Field(0.0, description="The share of the test split; 0 makes none")
    by: str | None = Field(None, description="The column whose equal values stay together; none is the text")
    seed: int = Field(0, ge=0, lt=2**63, description="Another seed is another split")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.data.artifact.columns or ()

    @property
    def splits(self) -> tuple[str, ...]:
        return ("train", *(["validation"] if self.validation else []), *(["test"] if self.test else []))

    def derives(self, split: str | None) -> list[Derived]:
        low, high = {
            "test": (0.0, self.test),
            "train": (self.test, 1 - self.validation),
            "validation": (1 - self.validation, 1.0),
        }.get(split or "", (0.0, 1.0))
        key = (purpose_of(self), self.by, self.seed)
        return [Derived(self.data, None, Part(key, low, high, of_text=self.by is None, by=self.by), "data")]

    def check(self, place: Place) -> None:
        if self.validation + self.test >= 1:
            values = {"sum": f"{self.validation + self.test:.3g}"}
            place.error("test" if self.test >= self.validation else "validation", "L0643", values, help="L0643.help")
        if not self.validation and not self.test:
            place.error(None, "L0644", {}, help="L0644.help")
        if 0.5 < self.validation + self.test < 1:
            field = "test" if self.test >= self.validation else "validation"
            place.warning(field, "L0926", {"left": f"{100 * (1 - self.validation - self.test):.3g}%"})
        if self.by is not None:
            check_column(place, self.data.artifact, self.by, "by")

    def facts(self, inputs: FactsOf) -> Facts:
        return mixture(inputs(self.data))

    def split_of(self, share: float) -> str:
        """Give the split of a row from its number in [0, 1)."""
        if share < self.test:
            return "test"
        # Counted from the other end, so that neither share moves the other.
        return "validation" if share >= 1 - self.validation else "train"

    def run(self, work: Work) -> Facts:
        source = work.input(self.data)
        purpose = purpose_of(self)
        table = open_part(source, self.data, "rows")
        with ExitStack() as stack:
            writers = {
                split: stack.enter_context(TableWriter(work.directory / f"{split}.parquet", table.schema))
                for split in self.splits
            }
            done = 0
            for batch in table.arrow():
                chosen = [self.split_of(share) for share in shares(batch, self.by, self.seed, purpose)]
                for split, writer in writers.items():
                    writer.write(masked(batch, [one == split for one in chosen]))
                done += batch.num_rows
                work.progress(done, len(table))
        rows = {split: writer.rows for split, writer in writers.items()}
        require_rows(
            rows, self, field=next((split for split in ("validation", "test") if not rows.get(split, 1)), None)
        )
        return {"rows": rows, **mixture(source.facts)}
