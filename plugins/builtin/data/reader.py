"""What the readers of files share: finding files, looking at the first rows, writing the rows."""

from __future__ import annotations

import itertools
import json
import re
import sys
from abc import abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from ....dsl.diagnostics.model import Text
from ....dsl.diagnostics.similar import similar
from ...api import DataTask, Facts, Field, Files, Place, Smoke, Work, handful
from ...baddata import BadData, shortened, shown_name
from ...chat.turns import Malformed, conversation
from ...chat.turns import as_json as chat_json
from ...tables import BATCH, RowWriter
from ...textfiles import find, only_the_beginning, resolved
from ..encoding.labels import list_of

Record = dict[str, str | None]

Encoding = Literal["utf_8", "utf_16", "shift_jis", "cp932", "euc_jp", "iso2022_jp", "latin_1", "cp1252"]

_FILES_LOOKED_AT = 16
_ROWS_LOOKED_AT = 100
_BYTES_LOOKED_AT = 2 << 20
"""A check doesn't go through millions of blank lines to find rows."""

_ALL = sys.maxsize
_SMALL = 256 << 10
"""Bytes of all files together up to which a check reads them to their end."""

_MOST_REMEMBERED = 4_096
_FOUND_RIGHT: set[Hashable] = set()
"""Readers and files at which they looked and found nothing wrong."""
_READ: dict[Hashable, list[Record]] = {}
"""The rows of small files, for the rules of the same check; and an editor checks again."""
_MOST_READ = 16

_OF_A_LABEL = 50
"""Rows of each label that a smoke run takes at least, so that each of its splits has some."""


class Reader(DataTask):
    """Files become rows."""

    positional: ClassVar[tuple[str, ...]] = ("path",)

    path: Files | list[Files] = Field(description="The files, by path or pattern (`*`, `?`, `**`)")

    @abstractmethod
    def records(self, file: Path, name: str) -> Iterator[Record | BadData]:
        """Give the rows of a file. A row that is wrong is given as BadData; a file that is wrong raises it."""

    def files(self, root: Path) -> list[Path]:
        try:
            return find(self.path, root)
        except BadData as bad:
            raise bad.failure(self) from None

    def origins(self, root: Path) -> Iterable[Hashable]:
        try:
            return [real for _, real in resolved(find(self.path, root))]
        except BadData:
            return []  # reported by `check`

    def check(self, place: Place) -> None:
        try:
            files = find(self.path, place.root)
            if not any(file.stat().st_size for file in files):
                raise BadData("L0617", {"file": shown_name(files[0], place.root)})
            for number, file in enumerate(files[:_FILES_LOOKED_AT]):
                rows = _ROWS_LOOKED_AT // (1 if number == 0 else 10)
                self._look(file, shown_name(file, place.root), _ALL if _are_small(files) else rows)
        except BadData as bad:
            bad.report(place)
        except OSError as error:
            place.error("path", "L0611", {"file": str(self.path), "reason": error.strerror or str(error)})

    def _look(self, file: Path, name: str, rows: int) -> None:
        """Look at a file, unless it was found to be right before and is as it was: an editor checks at every pause."""
        seen = (*self._seen(file), rows)
        if seen not in _FOUND_RIGHT:
            self.look(file, name, rows)
            if len(_FOUND_RIGHT) >= _MOST_REMEMBERED:
                _FOUND_RIGHT.clear()
            _FOUND_RIGHT.add(seen)

    def _seen(self, file: Path) -> tuple[Hashable, ...]:
        now = file.stat()
        return (type(self), repr(self), file, now.st_ino, now.st_mtime_ns, now.st_size)

    def look(self, file: Path, name: str, rows: int) -> None:
        """Look at the first rows of a file and raise BadData if one is wrong."""
        good = []
        with only_the_beginning(_BYTES_LOOKED_AT):
            for record in itertools.islice(self.records(file, name), rows):
                if not isinstance(record, BadData):
                    good.append(record)
                elif not self.skips:
                    raise record
        if rows == _ALL:
            self._keep(file, good)

    def first(self, root: Path) -> tuple[str, list[Record]]:
        """Give the name of the first file, and its first rows up to one that is wrong; none if it can't be read."""
        try:
            file = find(self.path, root)[0]
            name = shown_name(file, root)
            with only_the_beginning(_BYTES_LOOKED_AT):
                rows = itertools.islice(self.records(file, name), _ROWS_LOOKED_AT)
                return name, list(itertools.takewhile(lambda row: not isinstance(row, BadData), rows))  # type: ignore[arg-type]
        except (BadData, OSError):
            return "", []  # reported by `check`

    def whole(self, root: Path) -> list[tuple[str, list[Record]]] | None:
        """Give the rows of each file, those that are wrong left out, if all together are small; None if they aren't."""
        try:
            files = find(self.path, root)
            if not _are_small(files):
                return None
            return [(shown_name(file, root), self._read(file, shown_name(file, root))) for file in files]
        except (BadData, OSError):
            return None  # reported by `check`

    def _read(self, file: Path, name: str) -> list[Record]:
        if (seen := self._seen(file)) not in _READ:
            self._keep(file, [record for record in self.records(file, name) if not isinstance(record, BadData)])
        return _READ[seen]

    def _keep(self, file: Path, rows: list[Record]) -> None:
        if len(_READ) >= _MOST_READ:
            _READ.clear()
        _READ[self._seen(file)] = rows

    @property
    def skips(self) -> bool:
        """Tell whether wrong rows are left out."""
        return False

    def run(self, work: Work) -> Facts:
        files = self.files(work.root)
        if work.smoke is not None:
            files = work.smoke.spread(files)
        skipped = 0
        first: BadData | None = None
        with RowWriter(work.directory / "rows.parquet", self.columns) as table:
            for number, file in enumerate(files):
                try:
                    for record in _some(self.records(file, shown_name(file, work.root)), work.smoke, len(files)):
                        if table.rows % BATCH == 0:
                            work.progress(number, len(files), rows=table.rows)
                        if not isinstance(record, BadData):
                            table.write(record)
                        elif self.skips:
                            skipped, first = skipped + 1, first or record
                        else:
                            raise record
                except BadData as bad:
                    raise bad.failure(self) from None
            if not table.rows:
                raise BadData("L0617", {"file": shown_name(files[0], work.root)}).failure(self)
        if first is not None:
            work.progress.log("data.skipped", count=skipped, first=Text(first.code, first.values))
        facts: Facts = {"rows": {"rows": table.rows}, "files": len(files)}
        return facts | ({"skipped": skipped} if skipped else {})


def _are_small(files: Sequence[Path]) -> bool:
    """Tell whether a check has the time to read files to their end; what is compressed is larger than it looks."""
    plain = all(file.suffix not in (".gz", ".zst", ".parquet") for file in files)
    return plain and len(files) <= _FILES_LOOKED_AT and sum(file.stat().st_size for file in files) <= _SMALL


def _some(records: Iterator[Record | BadData], smoke: Smoke | None, files: int) -> Iterator[Record | BadData]:
    """Give the records of one of so many files, in a smoke run a part of them."""
    if smoke is None:
        return records
    most = max(smoke.rows // files, 1)
    return handful(records, smoke, most, most_bytes=max(smoke.bytes // files, 1), per_label=_OF_A_LABEL)


class MappedReader(Reader):
    """Files of records, whose fields become columns.

    A conversation is a list of {role, content} (or {from, value}), or its JSON; the column holds it as JSON.
    """

    text: str | None = Field("text", description="The source field of the column `text`; none if there is no text")
    label: str | None = Field(None, description="The source field of the column `label`; none if there are no labels")
    label_delimiter: str | None = Field(
        None,
        min_length=1,
        description="What stands between the labels of a row that has several, or none, in one field",
    )
    messages: str | None = Field(
        None, description="The source field of the column `messages`, conversations; none if there are none"
    )
    columns_: dict[str, str] = Field(default_factory=dict, description="Further columns: column = source field")
    bad_rows: Literal["fail", "skip"] = Field(
        "fail", description="What a row that can't be read does: end the run, or be left out and counted"
    )

    @property
    def mapping(self) -> dict[str, tuple[str, str, str | None]]:
        """Give for each column its source field, and the field and index of this component that say so."""
        mapping: dict[str, tuple[str, str, str | None]] = {}
        if self.text is not None:
            mapping["text"] = (self.text, "text", None)
        if self.label is not None:
            mapping["label"] = (self.label, "label", None)
        if self.messages is not None:
            mapping["messages"] = (self.messages, "messages", None)
        return mapping | {column: (source, "columns", column) for column, source in self.columns_.items()}

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.mapping)

    @property
    def skips(self) -> bool:
        return self.bad_rows == "skip"

    def check(self, place: Place) -> None:
        for column in self.columns_:
            if getattr(self, column, None) is not None and column in ("text", "label", "messages"):
                place.error("columns", "L0634", {"column": column}, help="L0634.help", index=column)
        if not self.mapping:
            place.error(None, "L0633", {}, help="L0633.help")
            return
        super().check(place)

    def origins(self, root: Path) -> Iterable[Hashable]:
        """Give each file with each field that is read of it: two readers of other texts of a row share nothing."""
        sources = [
            source for column, (source, *_) in self.mapping.items() if column != "label" or len(self.mapping) == 1
        ]
        return [(path, source) for path in super().origins(root) for source in sources]

    def text_form(self) -> Hashable:
        return self.text or tuple(sorted(self.mapping.items()))

    def missing(self, there: Collection[str], where: Text) -> BadData | None:
        """Give what is said of source fields that are not among those that are there."""
        shown = [shortened(one) for one in there][:20]
        found = []
        for source, field, index in self.mapping.values():
            if source not in there:
                near = similar(source, shown)
                values = {"where": where, "source": source, "there": shown, "similar": near, "field": field}
                help = "L0620.similar" if near else "L0620.columns" if field == "columns" else "L0620.help"
                if field == "text" and "messages" in there:
                    help = "L0620.messages"
                found.append(BadData("L0620", values, field=field, index=index, help=help))
        if not found:
            return None
        found[0].more = found[1:]
        return found[0]

    def take(self, record: Mapping[str, Any], where: Text) -> Record | BadData:
        """Map one record with typed values; text is a string, a label a word or a number."""
        row: Record = {}
        for column, (source, field, _) in self.mapping.items():
            if source not in record:
                return self.missing(record.keys(), where) or row
            value = record[source]
            if column == "text" and not isinstance(value, str):
                return _wrong("L0621", where, source, value, field)
            if column == "label":
                value = self._divided(value)
                if not _is_label(value):
                    return _wrong("L0622", where, source, value, field)
            if column == "messages":
                try:
                    value = chat_json(conversation(value))
                except Malformed as wrong:
                    return BadData(wrong.code, {"where": where, **wrong.values}, field=field, help=wrong.help)
            text = as_text(value)
            if text is not None and not text.isascii() and _SURROGATE.search(text):
                return _wrong("L0623", where, source, ascii(value), field)
            row[column] = text
        return uncounted(row, where) or row

    def _divided(self, label: Any) -> Any:
        """Give the labels of a row as a list, if they stand in one field."""
        if self.label_delimiter is None or not isinstance(label, str):
            return label
        return [part.strip() for part in label.split(self.label_delimiter)] if label.strip() else []


def uncounted(row: Record, where: Text) -> BadData | None:
    """Give what is said of a row whose `tokens` and `tags` are lists of different lengths; None of any other."""
    words, tags = (list_of(row.get(column)) for column in ("tokens", "tags"))
    if words is None or tags is None or len(words) == len(tags):
        return None
    return BadData(
        "L0756.where", {"where": where, "words": len(words), "tags": len(tags)}, field="columns", help="L0756.help"
    )


def _is_label(value: Any) -> bool:
    """Tell whether a value is a label, or a list of labels."""
    if isinstance(value, list):
        return all(_is_label(one) and not isinstance(one, list) for one in value)
    return value is not None and value != "" and not isinstance(value, dict)


_SURROGATE = re.compile("[\ud800-\udfff]")


def surrogate(row: Record) -> str | None:
    """Give the column that holds half of a surrogate pair, which is no character; None if none does."""
    return next(
        (column for column, text in row.items() if text and not text.isascii() and _SURROGATE.search(text)), None
    )


def _wrong(code: str, where: Text, source: str, value: Any, field: str) -> BadData:
    shown = value if code == "L0623" else as_json(value)
    return BadData(code, {"where": where, "source": source, "value": shortened(shown)}, field=field)


def as_text(value: Any) -> str | None:
    """Give a value as the string that a column holds: strings as they are, others as JSON, nothing as nothing."""
    return value if value is None or isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """Give a value as JSON; what JSON doesn't know (dates) as text."""
    return json.dumps(value, ensure_ascii=False, default=str)
