"""The data `parallel`: two text files whose lines belong together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Literal

from ...api import DataTask, Facts, Field, Files, Place, Work, handful
from ...baddata import BadData, line, shortened, shown_name
from ...tables import BATCH, RowWriter
from ...textfiles import decoded, find, opened, pieces
from .reader import Encoding, Record

COUNTED = 32 << 20
"""Bytes of a file whose lines are all looked at when a file of the language is checked."""
LOOKED_AT = 100
ALIKE = 0.05
"""The share of pairs whose sides are the same from which on it is told."""


class Parallel(DataTask):
    """Read pairs from two text files: line by line, a source and the target that belongs to it.

    The columns are `source` and `target`. Files that end in .gz or .zst are decompressed. A line that is blank in both
    files is left out; one that is blank in one of them is wrong.
    """

    name: ClassVar[str] = "parallel"
    example: ClassVar[str] = 'parallel(source = "train.ja", target = "train.en")'
    positional: ClassVar[tuple[str, ...]] = ("source", "target")

    source: Files = Field(description="The file of the sources, a line each")
    target: Files = Field(description="The file of the targets")
    encoding: Encoding = Field("utf_8", description="The encoding of both files")
    bad_rows: Literal["fail", "skip"] = Field(
        "fail", description="What a pair with an empty side does: end the run, or be left out and counted"
    )

    @property
    def columns(self) -> tuple[str, ...]:
        return ("source", "target")

    def files(self, root: Path) -> list[Path]:
        try:
            return self._both(root)
        except BadData as bad:
            raise bad.failure(self) from None

    def _both(self, root: Path) -> list[Path]:
        found = []
        for field in ("source", "target"):
            try:
                matches = find(getattr(self, field), root)
            except BadData as bad:
                bad.field = field
                raise
            if len(matches) > 1:
                raise BadData("L0775", {"pattern": getattr(self, field), "count": len(matches)}, field=field)
            found += matches
        return found

    def check(self, place: Place) -> None:
        """Report what is wrong with the pairs, all of them unless the files are large, and how many say nothing new."""
        try:
            files = self._both(place.root)
            small = sum(file.stat().st_size for file in files) <= COUNTED
            pairs = alike = 0
            for pair in itertools.islice(self.pairs(place.root), None if small else LOOKED_AT):
                if isinstance(pair, BadData):
                    if self.bad_rows == "fail":
                        raise pair
                    continue
                pairs, alike = pairs + 1, alike + (pair["source"] == pair["target"])
            if alike > ALIKE * pairs:
                values = {"count": alike, "pairs": pairs, "share": f"{alike / pairs:.0%}"}
                place.warning("target", "L0774", values, help="L0774.help")
        except BadData as bad:
            bad.report(place)
        except OSError as error:
            place.error("source", "L0611", {"file": self.source, "reason": error.strerror or str(error)})

    def pairs(self, root: Path) -> Iterator[Record | BadData]:
        """Give the pairs. One with an empty side is given as BadData; files of different lengths raise it at the end."""
        names = [shown_name(file, root) for file in self._both(root)]
        with ExitStack() as stack:
            streams = [stack.enter_context(opened(*pair)) for pair in zip(self._both(root), names, strict=True)]
            texts = [decoded(stream, self.encoding, name) for stream, name in zip(streams, names, strict=True)]
            lines = [pieces(text, "\n", name) for text, name in zip(texts, names, strict=True)]
            counts = [0, 0]
            for number, pair in enumerate(itertools.zip_longest(*lines), 1):
                counts = [count + (side is not None) for count, side in zip(counts, pair, strict=True)]
                if None in pair:
                    continue
                sides = [side.strip() for side in pair]
                if all(sides):
                    yield {"source": sides[0], "target": sides[1]}
                elif any(sides):
                    empty = 1 if sides[0] else 0
                    values = {"where": line(names[empty], number), "other": shortened(sides[1 - empty])}
                    yield BadData("L0773", values, field=("source", "target")[empty])
        if counts[0] != counts[1]:
            longer = counts.index(max(counts))
            values = {"source": names[0], "sources": counts[0], "target": names[1], "targets": counts[1]}
            first = line(names[longer], min(counts) + 1)
            raise BadData("L0772", values | {"first": first}, field=("source", "target")[longer])
        if not counts[0]:
            raise BadData("L0617", {"file": names[0]}, field="source")

    def run(self, work: Work) -> Facts:
        rows = skipped = alike = 0
        pairs = self.pairs(work.root)
        if work.smoke is not None:
            pairs = handful(pairs, work.smoke, work.smoke.rows, most_bytes=work.smoke.bytes)
        try:
            with RowWriter(work.directory / "rows.parquet", self.columns) as table:
                for pair in pairs:
                    if isinstance(pair, BadData):
                        if self.bad_rows == "fail":
                            raise pair
                        skipped += 1
                        continue
                    if rows % BATCH == 0:
                        work.progress(rows, None)
                    table.write(pair)
                    rows, alike = rows + 1, alike + (pair["source"] == pair["target"])
            if not rows:
                raise BadData("L0617", {"file": self.source}, field="source")
        except BadData as bad:
            raise bad.failure(self) from None
        facts: Facts = {"rows": {"rows": rows}, "source_is_target": alike}
        return facts | ({"skipped": skipped} if skipped else {})
