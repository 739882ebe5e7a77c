"""The data `take`: a part of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from ...api import Facts, Field, Place, Quantity, QuantityOf, Work
from ...tables import ORIGIN, Table, TableWriter, parts
from .transform import Transform, check_column, masked, mixture, purpose_of, require_rows, shares

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

Examples = Annotated[Quantity, QuantityOf(("examples",))]
Share = Annotated[float, Field(gt=0, le=1)]


class Take(Transform):
    """Take the first rows (`take(corpus, 1k examples)`) or a share chosen by hash (`take(corpus, 10%)`).

    It maps over splits. Of a weighted mixture, whose sources lie one behind the other, the first rows of each source
    are taken, in proportion to its rows. As in `split`, a row's choice depends on its text (or the column `by`) and the seed alone, so
    a larger share holds a smaller one.
    """

    name: ClassVar[str] = "take"
    example: ClassVar[str] = "take(novels, 10%)"
    keeps_text: ClassVar[bool] = True
    selects: ClassVar[bool] = False
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
        is_mixture = bool(mixture(source.facts))
        rows = {
            split: _head(Table(file), work.directory / f"{split}.parquet", most, is_mixture)
            for split, file in parts(source, self.data).items()
        }
        require_rows(rows, self)
        return {"rows": rows, **mixture(source.facts)}


def _head(table: Table, target: Path, rows: int, is_mixture: bool) -> int:
    with TableWriter(target, table.schema) as writer:
        left = _quotas(_sources(table), rows) if is_mixture else {"": rows}
        for batch in table.arrow():
            if not any(left.values()):
                break
            writer.write(masked(batch, list(_first(batch, left, is_mixture))))
    return writer.rows


def _first(batch: pa.RecordBatch, left: dict[str, int], is_mixture: bool) -> Iterator[bool]:
    """Tell of each row whether it is taken; `left` says how many more are, by source."""
    for source in batch.column(ORIGIN).to_pylist() if is_mixture else [""] * batch.num_rows:
        yield left[source] > 0
        left[source] -= left[source] > 0


def _sources(table: Table) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in table.batches([ORIGIN]):
        counts.update(batch[ORIGIN])
    return counts


def _quotas(counts: Mapping[str, int], rows: int) -> dict[str, int]:
    """Share rows among sources in proportion to theirs, to the row (largest remainders)."""
    total = sum(counts.values())
    rows = min(rows, total)
    shares = {source: divmod(count * rows, total) for source, count in counts.items()}
    missing = rows - sum(whole for whole, _ in shares.values())
    more = sorted(shares, key=lambda source: -shares[source][1])[:missing]
    return {source: whole + (source in more) for source, (whole, _) in shares.items()}
