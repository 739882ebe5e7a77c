"""The tables that data is stored as: Parquet, one file a split, written and read in batches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

from ..dsl.program import Reference
from .work import Input

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 1024
ORIGIN = "origin"
"""The column in which a mixture says which source a row is of."""
_GROUP_ROWS = 8192
_GROUP_BYTES = 32 << 20


def parts(data: Input, reference: Reference) -> dict[str, Path]:
    """Give the files of what a reference stands for: by split, or under `rows` if it is rows and nothing else."""
    if reference.artifact.name == "rows":
        return {"rows": data.directory / f"{data.output}.parquet"}
    splits = reference.artifact.splits or ("rows",)
    return {split: data.directory / f"{split}.parquet" for split in splits}


class Table:
    """The rows of one file."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet

        self._file = pyarrow.parquet.ParquetFile(path)

    @property
    def columns(self) -> Sequence[str]:
        return list(self._file.schema_arrow.names)

    @property
    def schema(self) -> pa.Schema:
        return self._file.schema_arrow

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def arrow(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Give the rows in batches of Arrow, in order."""
        yield from self._file.iter_batches(BATCH, columns=None if columns is None else list(columns))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Mapping[str, list[Any]]]:
        """Give the rows in batches of lists by column, in order."""
        for batch in self.arrow(columns):
            yield batch.to_pydict()

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Give the rows one by one."""
        for batch in self.arrow(columns):
            yield from batch.to_pylist()


class StoredRecords(Sequence[dict[str, Any]]):
    """The rows of one file by their number, read a group of rows at a time when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: range = range(0)
        self._rows: list[dict[str, Any]] = []

    @cached_property
    def _file(self) -> pq.ParquetFile:
        import pyarrow.parquet

        return pyarrow.parquet.ParquetFile(self._path)

    @cached_property
    def _starts(self) -> list[int]:
        """The number of the first row of each group, and behind the last one."""
        metadata = self._file.metadata
        sizes = (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
        return list(accumulate(sizes, initial=0))

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, number: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, number: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, number: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number not in self._read:
            group = bisect_right(self._starts, number) - 1
            self._read = range(self._starts[group], self._starts[group + 1])
            self._rows = self._file.read_row_group(group).to_pylist()
        return self._rows[number - self._read.start]


def stored_records(data: Input, reference: Reference, split: str | None = None) -> StoredRecords:
    """Give the records of a split of some data, or of the rows that a reference stands for."""
    path = parts(data, reference)["rows"] if split is None else data.directory / f"{split}.parquet"
    return StoredRecords(path)


class TableWriter:
    """Writes the rows of one file; what it holds in memory is bounded."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet

        self.rows = 0
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._writer = pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch of this schema."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


class RowWriter:
    """Writes rows that come one by one, all columns strings."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        import pyarrow as pa

        self._columns: dict[str, list[str | None]] = {name: [] for name in columns}
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        self._table = TableWriter(path, self._schema)
        self._waiting = 0
        self._size = 0

    @property
    def rows(self) -> int:
        return self._table.rows + self._waiting

    def write(self, record: Mapping[str, str | None]) -> None:
        """Write one row."""
        for name, values in self._columns.items():
            value = record[name]
            values.append(value)
            self._size += len(value or "")
        self._waiting += 1
        if self._waiting >= BATCH or self._size >= _GROUP_BYTES // 4:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        arrays = [pa.array(values, pa.string()) for values in self._columns.values()]
        self._table.write(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        for values in self._columns.values():
            values.clear()
        self._waiting = self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._waiting:
            self._flush()
        self._table.__exit__(kind, error, trace)
