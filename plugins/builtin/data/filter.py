"""The data `filter`: the rows for which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ....dsl.formula import Undefined
from ...api import Facts, Field, Place, RowCondition, TaskFailed, Work
from ...baddata import shortened
from .transform import Transform, check_column, masked

if TYPE_CHECKING:
    import pyarrow as pa


class Filter(Transform):
    """Keep the rows for which a condition on their fields holds: `filter(reviews, where = row.stars > 2)`.

    It maps over splits. A field that is compared with a number is read as one, since files such as CSV hold strings;
    a field without a value is `none`. A row of which the condition says neither yes nor no ends the run.
    """

    name: ClassVar[str] = "filter"
    example: ClassVar[str] = "filter(reviews, where = row.label >= 4)"
    keeps_text: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("data", "where")

    where: RowCondition = Field(description="What holds for a row that is kept; `row.label` is its field `label`")

    def check(self, place: Place) -> None:
        for field in self.where.fields:
            check_column(place, self.data.artifact, field.name, "where")

    def run(self, work: Work) -> Facts:
        left_out = 0

        def change(batch: pa.RecordBatch) -> pa.RecordBatch:
            nonlocal left_out
            names = [field.name for field in self.where.fields]
            columns = [batch.column(name).to_pylist() for name in names]
            rows = zip(*columns, strict=True) if names else ((),) * batch.num_rows
            keep = [self.keeps(dict(zip(names, values, strict=True))) for values in rows]
            left_out += keep.count(False)
            return masked(batch, keep)

        return self.transform(work, change) | {"left_out": {"condition": left_out}}

    def keeps(self, row: dict[str, Any]) -> bool:
        """Tell whether a row is kept; TaskFailed if the condition can't be told of it."""
        verdict = self.where.evaluate(lambda field: _plain(row[field.name]))
        if isinstance(verdict, Undefined):
            shown = [f"{name} = {shortened(str(value))}" for name, value in row.items()]
            values = {"row": shown, "condition": str(self.where), "reason": verdict.reason}
            raise TaskFailed("L0240", values, field="where", help="L0240.help", component=self)
        return bool(verdict)


def _plain(value: Any) -> Any:
    """Give a field as the language knows values: what it has no sort for (a date) as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
