"""The data `csv`: tables of text with a separator, .tsv included."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...api import Field, Text
from ...baddata import BadData, line, shortened, whole
from ...textfiles import LONGEST_LINE, decoded, opened, pieces
from .reader import Encoding, MappedReader, Record

if TYPE_CHECKING:
    from _csv import Reader


class Csv(MappedReader):
    """Read rows from CSV or TSV, plain or compressed (.gz, .zst); the first line names the fields.

    A quoted value may hold line ends and, doubled, quotes (RFC 4180). Blank lines are skipped; a line with more or
    fewer values than there are names is wrong.
    """

    name: ClassVar[str] = "csv"
    example: ClassVar[str] = 'csv("reviews.csv", text = "body", label = "stars")'

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
            yield from self._rows(_numbered(reader, name), name)

    def _rows(self, lines: Iterator[tuple[int, list[str]]], name: str) -> Iterator[Record | BadData]:
        names = self.header or next((values for _, values in lines if values), None)
        if names is None:
            return
        if missing := self._wrong_names(names, name):
            raise missing
        for number, values in lines:
            if not values:
                continue
            if len(values) != len(names):
                counts = {"where": line(name, number), "count": len(values), "wanted": len(names)}
                yield BadData("L0626", counts)
                continue
            yield self.take(dict(zip(names, values, strict=True)), line(name, number))

    def _wrong_names(self, names: list[str], name: str) -> BadData | None:
        sources = {source for source, *_ in self.mapping.values()}
        if twice := {one for one in names if names.count(one) > 1} & sources:
            return BadData("L0625", {"where": line(name, 1), "source": min(twice)})
        if self.header is None and len(names) == 1 and names[0] not in sources:
            other = _other_delimiter(names[0])
            if other is not None:
                values = {"where": line(name, 1), "found": shortened(names[0]), "delimiter": other}
                return BadData("L0636", values)
        return self.missing(names, line(name, 1) if self.header is None else whole(name))

    @staticmethod
    def _delimiter_of(name: str) -> str:
        plain = name.removesuffix(".gz").removesuffix(".zst")
        return "\t" if plain.endswith((".tsv", ".tab")) else ","


def _numbered(reader: Reader, name: str) -> Iterator[tuple[int, list[str]]]:
    """Give the records with the line in which each begins; BadData where one can't be read."""
    while True:
        number = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise BadData("L0624", {"where": line(name, number), "reason": _reason(error)}) from None
        if values is None:
            return
        yield number, values


def _reason(error: csv.Error) -> Text | str:
    said = str(error)
    if said == "unexpected end of data" or said.startswith("field larger than"):
        return Text("csv.open")
    return Text("csv.quote") if "expected after" in said else said


def _other_delimiter(header: str) -> str | None:
    """Give what stands between the names of a header that was read as one, as it is written in the language."""
    found = next((sign for sign in (";", "\t", "|", ",") if sign in header), None)
    return "\\t" if found == "\t" else found
