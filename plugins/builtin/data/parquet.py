"""The data `parquet`: tables in Apache Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...baddata import BadData, row, shortened, whole
from ...tables import BATCH
from ...textfiles import opened
from .reader import MappedReader, Record


class Parquet(MappedReader):
    """Read rows from Parquet files.

    A column holds strings: a value that is none is kept as its JSON.
    """

    name: ClassVar[str] = "parquet"
    example: ClassVar[str] = 'parquet("reviews.parquet", text = "body", label = "stars")'

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        import pyarrow as pa
        import pyarrow.parquet

        with opened(file, name) as stream:
            try:
                table = pyarrow.parquet.ParquetFile(stream)
                if missing := self.missing(table.schema_arrow.names, whole(name)):
                    raise missing
                wanted = list(dict.fromkeys(source for source, *_ in self.mapping.values()))
                number = 0
                for batch in table.iter_batches(BATCH, columns=wanted):
                    for record in batch.to_pylist():
                        number += 1
                        yield self.take(record, row(name, number))
            except (pa.ArrowException, OSError) as error:
                # Arrow says OSError too where a file is damaged.
                raise BadData("L0627", {"file": name, "reason": shortened(error).rstrip(".")}) from None
