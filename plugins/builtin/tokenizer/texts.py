"""The texts that a tokenizer is trained on, each source of a mixture as often as its weight asks for."""

from __future__ import annotations

import hashlib
import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ...api import Facts, Field, Place, Progress, Rows, Smoke, TaskFailed, Work
from ...tables import BATCH, ORIGIN, Table, parts
from ..data.transform import check_column
from .roles import Reserving, store

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ...api import Input


class Learned(Reserving):
    """A tokenizer that is learned from texts."""

    positional: ClassVar[tuple[str, ...]] = ("data",)

    data: Rows = Field(description="The rows whose text it is learned from")
    column: str | list[str] = Field("text", description="The column that holds the text, or several")
    normalise: Literal["nfc", "nfkc"] | None = Field(
        None,
        description="Unicode form that texts are brought into first; none keeps every text as it is, to the byte",
    )

    @abstractmethod
    def learn(self, texts: Texts, work: Work) -> tuple[Tokenizer, dict[str, int]]:
        """Learn from the texts; give the tokenizer and the ids of its special tokens by role."""

    def check(self, place: Place) -> None:
        for column in self.columns:
            check_column(place, self.data.artifact, column, "column" if self.column != "text" else "data")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold text."""
        return (self.column,) if isinstance(self.column, str) else tuple(self.column)

    def run(self, work: Work) -> Facts:
        texts = Texts(work.input(self.data), self, work.progress, work.smoke)
        if not texts.bytes:
            values = {"column": ", ".join(self.columns)}
            raise TaskFailed("L0672", values, field="data", help="L0672.help", component=self)
        tokenizer, roles = self.learn(texts, work)
        return store(tokenizer, roles, work.directory) | texts.facts()

    def normalizer(self) -> Any:
        """Give the normaliser of the library, or None."""
        from tokenizers import normalizers

        return {"nfc": normalizers.NFC, "nfkc": normalizers.NFKC, None: lambda: None}[self.normalise]()


class Texts:
    """The texts of some rows. Bytes are UTF-8.

    The sources of a mixture are repeated, or left out in part, so that their bytes are to each other as the weights
    are, and all together as many as there are. Which texts of a source are left out depends on the texts alone.
    """

    def __init__(self, data: Input, task: Learned, progress: Progress, smoke: Smoke | None) -> None:
        self._progress = progress
        self._smoke = smoke
        [path] = parts(data, task.data).values()
        self._table = Table(path)
        self._columns = task.columns
        weights: Mapping[str, float] = data.facts.get("weights") or {}
        self._is_mixture = bool(weights) and ORIGIN in self._table.columns
        self.available: Counter[str] = Counter()
        for source, text in self._pairs():
            self.available[source] += len(text.encode())
        self.bytes = sum(self.available.values())
        self.used: Counter[str] = Counter()
        present = sum(weights.get(source, 0.0) for source in self.available)
        self.repeated = {
            source: weights[source] / present * self.bytes / size
            for source, size in self.available.items()
            if self._is_mixture and size
        }

    def _pairs(self) -> Iterator[tuple[str, str]]:
        """Give the texts with their sources; in a smoke run, the first ones of each."""
        if self._smoke is None:
            yield from self._all()
            return
        taken: Counter[str] = Counter()
        for source, text in self._all():
            if taken[source] >= self._smoke.learned:
                self._smoke.cut()
                continue
            taken[source] += len(text)
            yield source, text

    def _all(self) -> Iterator[tuple[str, str]]:
        columns = [*self._columns, ORIGIN] if self._is_mixture else self._columns
        for batch in self._table.batches(columns):
            texts = [batch[column] for column in self._columns]
            sources = batch[ORIGIN] if self._is_mixture else [""] * len(texts[0])
            for source, *row in zip(sources, *texts, strict=True):
                yield from ((source, str(text)) for text in row if text)

    def __iter__(self) -> Iterator[str]:
        self.used.clear()
        for number, (source, text) in enumerate(self._pairs()):
            if number % BATCH == 0:
                # Also where an interruption is noticed.
                self._progress(number, None)
            for _ in range(self._times(source, text)):
                self.used[source] += len(text.encode())
                yield text

    def _times(self, source: str, text: str) -> int:
        often = self.repeated.get(source, 1.0)
        whole = math.floor(often)
        if often == whole:
            return whole
        digest = hashlib.blake2b(text.encode(), digest_size=8, key=b"repeat").digest()
        return whole + (int.from_bytes(digest, "big") / 2**64 < often - whole)

    def facts(self) -> Facts:
        """Give what was read: bytes, and for a mixture how it came out."""
        used = sum(self.used.values())
        facts: Facts = {"bytes": used}
        if self._is_mixture:
            facts["sources"] = {
                source: {
                    "bytes": self.used[source],
                    "share": self.used[source] / used,
                    "repeated": self.repeated[source],
                }
                for source in sorted(self.available)
            }
        return facts
