"""The data `take`: a part of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from ...api import Facts, Field, Place, Quantity, QuantityOf, Work
from ...tables import Table, TableWriter, parts
from .transform import Transform, check_column, masked, mixture, purpose_of, require_rows, shares

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

Examples = Annotated[Quantity, QuantityOf(("examples",))]
Share = Annotated[float, Field(gt=0, le=1)]


class Take(Transform):
    """Take the first rows (`take(corpus, 1k examples)`) or a share chosen by hash (`take(corpus, 10%)`).

    It maps over splits. As in `split`, a row's choice depends on its text (or the column `by`) and the seed alone, so
    a larger share holds a smaller one.
    """

    name: ClassVar[str] = "take"
    positional: ClassVar[tuple[str, ...]] = ("data", "amount")

    amount: Examples | Share = Field(description="How many rows of each split, or which share of them")
    by: str | None = Field(None, description="With a share: the column whose equal values stay together")
    seed: int = Field(0, ge=0, lt=2**63, description="Another seed takes other rows")

    def check(self, place: Place) -> None:
        if self.by is not None and isinstance(self.amount, Quantity):
            place.error("by", "L0649", {}, help="L0649.help")
        elif self.by is not None:
            check_column(place, self.data.artifact, self.by, "by")

    def run(self, work: Work) -> Facts:
        if not isinstance(self.amount, Quantity):
            least = self.amount
            purpose = purpose_of(self)

            def change(batch: pa.RecordBatch) -> pa.RecordBatch:
                return masked(batch, [share < least for share in shares(batch, self.by, self.seed, purpose)])

            return self.transform(work, change)
        source = work.input(self.data)
        most = int(self.amount.magnitude)
        rows = {
            split: _head(file, work.directory / f"{split}.parquet", most)
            for split, file in parts(source, self.data).items()
        }
        require_rows(rows, self)
        return {"rows": rows, **mixture(source.facts)}


def _head(source: Path, target: Path, rows: int) -> int:
    table = Table(source)
    with TableWriter(target, table.schema) as writer:
        for batch in table.arrow():
            if writer.rows >= rows:
                break
            writer.write(batch.slice(0, rows - writer.rows))
    return writer.rows
