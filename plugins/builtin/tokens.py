"""The hidden task that encodes records into rows of token arrays, once for all stages that read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ...dsl.diagnostics.model import Text
from ...dsl.program import Reference
from ...dsl.types import Artifact
from ..component import Facts, FactsOf, Task, TaskFailed
from ..fields import Data, TokenizerOf, hidden
from ..shards import ShardWriter
from ..smoke import Smoke, handful
from ..tables import ORIGIN
from ..values import Encoding
from ..work import Work

if TYPE_CHECKING:
    from tokenizers import Tokenizer as TextTokenizer

_RECORDS = 1024
"""Records that are read from Parquet at once."""

OF_TOKENIZER = ("vocab_size", "roles", "chat_template")
"""Facts of the tokenizer that go with the rows."""
OWN_FACTS = (*OF_TOKENIZER, "splits", "sources")
"""What every tokens task knows; the rest of its facts is what the encoding collected from the training records."""

Record = Mapping[str, Any]


class Tokens(Task):
    """Encode the records of some data into rows of arrays, as an objective's encoding says.

    The rows of a mixture's source lie together, so that a stage can draw them by weight, and documents of
    different sources never share a row. The artifact is a folder of shards (plugins/shards.py). Facts:
    vocab_size, roles, the tokenizer's chat template if it has one, what the encoding collected (labels), `splits` {split: {rows, tokens, bytes, records}} and,
    for a mixture, `sources` {split: [{name, start, end, weight, tokens}]}.
    """

    kind: ClassVar[str] = "tokens"
    name: ClassVar[str] = "tokens"

    data: Data = hidden(...)
    tokenizer: TokenizerOf = hidden(...)
    encoding: Encoding = hidden(...)
    like: Annotated[Reference, Artifact("tokens")] | None = hidden(None)
    """The tokens of training, whose label set these rows take; none is to collect it from the first split."""
    splits: list[str] = hidden([])
    """The splits to encode; none is the rows that the reference names, as the split `rows`."""

    def outputs(self) -> dict[str, Artifact]:
        return {"tokens": Artifact("tokens")}

    def facts(self, inputs: FactsOf) -> Facts:
        known = inputs(self.tokenizer)
        collected = inputs(self.like) if self.like is not None else {}
        return _collected(collected) | {name: known[name] for name in OF_TOKENIZER if name in known}

    def run(self, work: Work) -> Facts:
        tokenizer_input = work.input(self.tokenizer)
        known = {name: tokenizer_input.facts[name] for name in OF_TOKENIZER if name in tokenizer_input.facts}
        files = self._files(work)
        if self.like is not None:
            collected = _collected(work.input(self.like).facts)
        else:
            split, file = next(iter(files.items()))
            with told_of_split(split):
                collected = self.encoding.collect(_records(file, None))
        facts: Facts = {**known, **collected, "splits": {}, "sources": {}}
        weights: Mapping[str, float] = work.input(self.data).facts.get("weights") or {}
        total = sum(_rows(file) for file in files.values())
        with ShardWriter(work.directory, self.encoding.arrays(), known["vocab_size"]) as writer:
            writing = _Writing(self.encoding, open_tokenizer(tokenizer_input.directory), facts, writer, work, total)
            for split, file in files.items():
                with told_of_split(split):
                    writing.split(split, file, weights)
        if not facts["sources"]:
            del facts["sources"]
        return facts

    def _files(self, work: Work) -> dict[str, Path]:
        """Give the Parquet file of each split to encode; the training split comes first."""
        data = work.input(self.data)
        if self.splits:
            first = sorted(self.splits, key=lambda split: split != "train")
            return {split: data.directory / f"{split}.parquet" for split in first}
        split = data.output if self.data.artifact.name == "rows" else "rows"
        return {"rows": data.directory / f"{split}.parquet"}


@contextmanager
def told_of_split(split: str) -> Iterator[None]:
    """Have a failure name the split, which an encoding doesn't know: records are numbered within it."""
    try:
        yield
    except TaskFailed as failed:
        failed.values.setdefault("split", split)
        for name, value in failed.values.items():
            if isinstance(value, Text):
                failed.values[name] = Text(value.key, {"split": split, **value.values})
        raise


def open_tokenizer(directory: Path) -> TextTokenizer:
    """Open a stored tokenizer so that text never turns into special tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer


class _Writing:
    """Encodes split after split and adds up what the facts tell of them."""

    def __init__(
        self,
        encoding: Encoding,
        tokenizer: TextTokenizer,
        facts: Facts,
        writer: ShardWriter,
        work: Work,
        total: int,
    ) -> None:
        self.encoding, self.tokenizer, self.facts = encoding, tokenizer, facts
        self.writer, self.work, self.total = writer, work, total
        self.shared = {name: facts[name] for name in facts if name not in ("splits", "sources")}
        self.records = self.bytes = self.fullest = 0
        self.said: Counter[str] = Counter()
        """To how many records of the split something was done that is told, by message."""
        self.done = 0
        """Records of the splits that are finished."""

    def split(self, split: str, file: Path, weights: Mapping[str, float]) -> None:
        self.writer.split(split)
        self.said.clear()
        self.records = self.bytes = self.fullest = 0
        tokens = 0
        sources: list[dict[str, Any]] = []
        for source in weights or (None,):
            start = self.writer.rows
            read = self._encode(_records(file, source), len(weights) or 1)
            tokens += read
            if source is not None and self.writer.rows > start:
                sources.append(
                    {
                        "name": source,
                        "start": start,
                        "end": self.writer.rows,
                        "weight": weights[source],
                        "tokens": read,
                    }
                )
        if not self.writer.rows:
            raise TaskFailed("L0695", {"split": split, "records": self.records}, field="data", help="L0695.help")
        self.done += self.records
        self.facts["splits"][split] = {
            "rows": self.writer.rows,
            "tokens": tokens,
            "bytes": self.bytes,
            "records": self.records,
        }
        for message, count in self.said.items():
            if count:
                share = f"{count / self.records:.1%}"
                self.work.progress.log(message, count=count, records=self.records, share=share, split=split)
        if told := {message: count for message, count in self.said.items() if count}:
            self.facts["splits"][split]["said"] = told
        array = self.encoding.arrays().get("tokens")
        if array is not None and array.shape != (None,):
            # What packing wastes of rows of one length.
            places = self.writer.rows * self.fullest
            self.facts["splits"][split]["padding"] = 1 - tokens / places if places else 0.0
        if sources:
            self.facts["sources"][split] = sources

    def _encode(self, records: Iterator[Record], sources: int) -> int:
        """Write the rows of some records, of one of so many sources, and count the tokens of them."""
        tokens = 0
        roles = self.facts["roles"]
        smoke = self.work.smoke
        if smoke is not None:
            records = handful(records, smoke, max(smoke.encoded // sources, 1))
        rows = self._told(self.encoding.rows(self._counted(records), self.tokenizer, roles, self.shared))
        for row in rows if smoke is None else self._few(rows, smoke, sources):
            self.writer.add(row)
            read = self.encoding.tokens(row)
            tokens += read
            self.fullest = max(self.fullest, read)
        return tokens

    def _told(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Give rows, and note what their encoding returns in the end (see `Encoding.rows`)."""

        def noted() -> Generator[dict[str, Any], None, None]:
            self.said.update((yield from rows) or {})  # type: ignore[func-returns-value]

        return noted()

    def _few(self, rows: Iterator[dict[str, Any]], smoke: Smoke, sources: int) -> Iterator[dict[str, Any]]:
        """Give the first rows of a smoke run: one record may be a whole book. Records with labels are few already."""
        most = max(smoke.encoded // sources, 1)
        for number, row in enumerate(rows):
            if number >= most and "labels" not in self.shared:
                smoke.cut()
                return
            yield row

    def _counted(self, records: Iterator[Record]) -> Iterator[Record]:
        measure: Callable[[Record], int] | None = None
        for record in records:
            measure = measure or _text_bytes(record)
            self.records += 1
            self.bytes += measure(record)
            if self.records % _RECORDS == 0:
                self.work.progress(self.done + self.records, self.total)
            yield record


def _text_bytes(first: Record) -> Callable[[Record], int]:
    """Give what measures the UTF-8 bytes of a record: its `text`, or else every text but labels and origins."""
    names = [name for name, value in first.items() if isinstance(value, str) and name not in ("label", ORIGIN)]
    columns = ("text",) if "text" in first else tuple(names)
    return lambda record: sum(len(record[name].encode()) for name in columns if record[name] is not None)


def _records(file: Path, source: str | None) -> Iterator[dict[str, Any]]:
    """Read the records of a Parquet file in order, those of one source if it is named."""
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        number = 0
        for batch in opened.iter_batches(batch_size=_RECORDS):
            for record in batch.to_pylist():
                number += 1
                if source is None or record[ORIGIN] == source:
                    yield {**record, "_record": number - 1}


def _rows(file: Path) -> int:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as opened:
        return int(opened.metadata.num_rows)


def _collected(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if name not in OWN_FACTS}
