"""The data `csv`: tables of text with a separator, .tsv included."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...api import Field
from ...baddata import BadData, line, whole
from ...textfiles import LONGEST_LINE, decoded, opened, pieces
from .reader import Encoding, MappedReader, Record


class Csv(MappedReader):
    """Read rows from CSV or TSV, plain or compressed (.gz, .zst); the first line names the fields.

    A quoted value may hold line ends and, doubled, quotes (RFC 4180). Blank lines are skipped; a line with more or
    fewer values than there are names is wrong.
    """

    name: ClassVar[str] = "csv"

    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="What stands between values; none is a tab for .tsv, else a comma"
    )
    quotes: bool = Field(True, description="Whether values may stand in double quotes")
    header: list[str] | None = Field(
        None, min_length=1, description="The names of the fields, for files whose first line doesn't name them"
    )
    encoding: Encoding = Field("utf_8", description="The encoding of the files")

    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        csv.field_size_limit(LONGEST_LINE)
        with opened(file, name) as stream:
            lines = pieces(decoded(stream, self.encoding, name), "\n", name, keep=True)
            reader = csv.reader(
                lines,
                delimiter=self.delimiter or self._delimiter_of(name),
                quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
                strict=True,
            )
            try:
                yield from self._rows(reader, name)
            except csv.Error as error:
                where = line(name, reader.line_num)
                raise BadData("L0624", {"where": where, "reason": str(error)}) from None

    def _rows(self, reader: Iterator[list[str]], name: str) -> Iterator[Record | BadData]:
        names = self.header if self.header is not None else next(reader, None)
        if names is None:
            return
        if twice := {one for one in names if names.count(one) > 1} & {source for source, *_ in self.mapping.values()}:
            raise BadData("L0625", {"where": line(name, 1), "source": min(twice)})
        if missing := self.missing(names, line(name, 1) if self.header is None else whole(name)):
            raise missing
        before = reader.line_num  # type: ignore[attr-defined]
        for values in reader:
            number, before = before + 1, reader.line_num  # type: ignore[attr-defined]
            if not values:
                continue
            if len(values) != len(names):
                counts = {"where": line(name, number), "count": len(values), "wanted": len(names)}
                yield BadData("L0626", counts)
                continue
            yield self.take(dict(zip(names, values, strict=True)), line(name, number))

    @staticmethod
    def _delimiter_of(name: str) -> str:
        plain = name.removesuffix(".gz").removesuffix(".zst")
        return "\t" if plain.endswith((".tsv", ".tab")) else ","
