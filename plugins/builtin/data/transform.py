"""What data made of other data shares: columns that must be there, stable shares of rows, facts that travel along."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ....dsl.diagnostics.similar import similar
from ...api import (
    Artifact,
    Data,
    DataTask,
    Facts,
    FactsOf,
    Field,
    Input,
    Place,
    Reference,
    Task,
    TaskFailed,
    Work,
    references,
)
from ...tables import ORIGIN, Table, TableWriter, parts

if TYPE_CHECKING:
    import pyarrow as pa

    Change = Callable[[pa.RecordBatch], pa.RecordBatch]


class Transform(DataTask):
    """Data whose rows are those of its first field, changed or chosen; it maps over splits."""

    positional: ClassVar[tuple[str, ...]] = ("data",)

    data: Data = Field(description="The data that it is made of")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.data.artifact.columns or ()

    @property
    def splits(self) -> tuple[str, ...]:
        return self.data.artifact.splits if self.data.artifact.name == "dataset" else ()

    def facts(self, inputs: FactsOf) -> Facts:
        return mixture(inputs(self.data))

    def transform(self, work: Work, change: Change) -> Facts:
        """Write what `change` makes of each batch of rows, split by split, and give the facts."""
        source = work.input(self.data)
        rows = {}
        for split, file in parts(source, self.data).items():
            table = Table(file)
            with TableWriter(work.directory / f"{split}.parquet", table.schema) as writer:
                done = 0
                for batch in table.arrow():
                    writer.write(change(batch))
                    done += batch.num_rows
                    work.progress(done, len(table))
            rows[split] = writer.rows
        require_rows(rows, self)
        return {"rows": rows, **mixture(source.facts)}


def mixture(facts: Mapping[str, Any]) -> Facts:
    """Give the facts of a mixture, which hold for what is made of it too."""
    return {"weights": facts["weights"]} if facts.get("weights") else {}


def check_column(place: Place, artifact: Artifact, column: str, field: str) -> None:
    """Report a column that the data doesn't have, if its columns are known."""
    if artifact.columns is not None and column not in artifact.columns:
        near = similar(column, artifact.columns)
        values = {"column": column, "columns": artifact.columns, "similar": near}
        place.error(field, "L0640", values, help="L0640.similar" if near else "L0640.help")


def require_rows(rows: Mapping[str, int], task: DataTask, field: str | None = None) -> None:
    """Raise TaskFailed if a split has no rows."""
    for split, count in rows.items():
        if not count:
            known = {name: n for name, n in rows.items() if n}
            values = {"split": split, "data": task.name, "others": [f"{name} {n:,}" for name, n in known.items()]}
            code = "L0641" if known else "L0642"
            raise TaskFailed(code, values, field=field, help=f"{code}.help", component=task)


def purpose_of(task: DataTask) -> str:
    """Give what the choices of a task are drawn for: its name, and how many of its sort the data went through before.

    Without the number, the second of two splits would find all of its rows on one side.
    """
    before = _depth(task, type(task)) - 1
    return f"{task.name}:{before}" if before else task.name


def _depth(task: Task, sort: type[Task]) -> int:
    deepest = max((_depth(reference.task, sort) for reference in references(task)), default=0)
    return deepest + isinstance(task, sort)


def shares(batch: pa.RecordBatch, by: str | None, seed: int, purpose: str) -> list[float]:
    """Give each row a number in [0, 1) that depends on its text (or the column `by`), the seed and the purpose alone.

    So a row keeps its number whatever else is in the data, equal texts and the rows of a group share theirs, and
    what one purpose chooses says nothing of what another does.
    """
    if by is not None:
        columns = [batch.column(by).to_pylist()]
    elif main := next((name for name in ("text", "tokens") if name in batch.schema.names), None):
        columns = [batch.column(main).to_pylist()]
    else:
        columns = [batch.column(name).to_pylist() for name in batch.schema.names if name != ORIGIN]
    key = f"{purpose}:{seed}".encode()
    return [_share(values, key) for values in zip(*columns, strict=True)]


def _share(values: Sequence[Any], key: bytes) -> float:
    digest = hashlib.blake2b(digest_size=8, key=key)
    for value in values:
        content = b"\0" if value is None else b"\1" + str(value).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return (int.from_bytes(digest.digest(), "big") >> 11) / 2**53


def masked(batch: pa.RecordBatch, keep: Sequence[bool]) -> pa.RecordBatch:
    """Give the rows of a batch that are to be kept."""
    import pyarrow as pa

    return batch.filter(pa.array(keep, pa.bool_()))


def same_columns(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Give batches with the columns of a schema alone, in its order and types."""
    import pyarrow as pa

    for batch in batches:
        arrays = [batch.column(field.name).cast(field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def common_schema(tables: Sequence[Table], columns: Sequence[str]) -> pa.Schema:
    """Give the schema of columns that several tables have: a type that differs between them becomes a string."""
    import pyarrow as pa

    fields = []
    for column in columns:
        types = {table.schema.field(column).type for table in tables}
        fields.append((column, types.pop() if len(types) == 1 else pa.string()))
    return pa.schema(fields)


def open_part(source: Input, reference: Reference, split: str) -> Table:
    """Open one split of a dataset, or rows as `rows`."""
    return Table(parts(source, reference)[split])
