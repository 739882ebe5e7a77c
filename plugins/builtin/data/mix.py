"""The data `mix`: several sources as one, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ...api import Data, DataTask, Facts, FactsOf, Field, Input, Place, Work
from ...tables import ORIGIN, TableWriter
from .splits import common_columns
from .transform import common_schema, open_part, require_rows, same_columns

if TYPE_CHECKING:
    import pyarrow as pa

Weight = Annotated[float, Field(gt=0)]


class Mix(DataTask):
    """Mix sources: all of their rows, with the column `origin`, and the weight that each source is to have.

    The weights are realised where the mixture is used: in a stage by the tokens that it trains on, in a tokenizer by
    the bytes that it counts. Without weights, each source counts as much as it is large. Its columns are those that
    all sources have; sources with splits are mixed split by split.
    """

    name: ClassVar[str] = "mix"
    version: ClassVar[int] = 2
    example: ClassVar[str] = (
        "mix { sources = { novels = novels.train, reviews = reviews.train }, weights = { novels = 3, reviews = 1 } }"
    )
    keeps_text: ClassVar[bool] = True
    selects: ClassVar[bool] = False

    sources: dict[str, Data] = Field(min_length=1, description="The data to mix, by a name of your choice")
    weights: dict[str, Weight] = Field(
        default_factory=dict, description="How much each source counts, relative to the others"
    )

    @property
    def columns(self) -> tuple[str, ...]:
        common = common_columns(self.sources.values())
        return (*(column for column in common if column != ORIGIN), ORIGIN)

    @property
    def splits(self) -> tuple[str, ...]:
        first = next(iter(self.sources.values()))
        return first.artifact.splits if first.artifact.name == "dataset" else ()

    def check(self, place: Place) -> None:
        if self.weights:
            for name in self.sources.keys() - self.weights.keys():
                place.error("weights", "L0646", {"source": name}, help="L0646.help")
            for name in self.weights.keys() - self.sources.keys():
                values = {"source": name, "sources": list(self.sources)}
                place.error("weights", "L0647", values, help="L0647.help", index=name)
        for name, reference in self.sources.items():
            splits = reference.artifact.splits if reference.artifact.name == "dataset" else ()
            if splits != self.splits:
                values = {"source": name, "splits": splits, "others": self.splits}
                place.error("sources", "L0648", values, help="L0648.help", index=name)
        if len(self.columns) == 1:
            place.error("sources", "L0645", {"sources": list(self.sources)}, help="L0645.help")

    def facts(self, inputs: FactsOf) -> Facts:
        return self._weights({name: inputs(reference) for name, reference in self.sources.items()})

    def run(self, work: Work) -> Facts:
        inputs = {name: work.input(reference) for name, reference in self.sources.items()}
        rows = {}
        for split in self.splits or ("rows",):
            rows[split] = self._write(split, inputs, work)
        require_rows(rows, self, field="sources")
        return {"rows": rows, **self._weights({name: given.facts for name, given in inputs.items()})}

    def _write(self, split: str, inputs: Mapping[str, Input], work: Work) -> int:
        import pyarrow as pa

        tables = {name: open_part(inputs[name], self.sources[name], split) for name in inputs}
        columns = self.columns[:-1]
        schema = common_schema(list(tables.values()), columns)
        whole = schema.append(pa.field(ORIGIN, pa.string()))
        with TableWriter(work.directory / f"{split}.parquet", whole) as writer:
            for number, (name, table) in enumerate(tables.items()):
                inner = _is_weighted(inputs[name].facts) and ORIGIN in table.columns
                read = (*columns, ORIGIN) if inner else columns
                for batch in table.arrow(read):
                    work.progress(number, len(tables), rows=writer.rows)
                    writer.write(_with_source(batch, schema, whole, name, inner))
        return writer.rows

    def _weights(self, facts: Mapping[str, Facts]) -> Facts:
        """Give the share of each source; one that is a weighted mixture itself hands its share on to its parts."""
        if not self.weights:
            return {}
        total = sum(self.weights.values())
        shares: dict[str, float] = {}
        for name, weight in self.weights.items():
            inner = facts[name].get("weights") or {"": 1.0}
            for part, share in inner.items():
                shares[f"{name}/{part}" if part else name] = weight / total * share
        return {"weights": shares}


def _is_weighted(facts: Facts) -> bool:
    return bool(facts.get("weights"))


def _with_source(batch: pa.RecordBatch, schema: pa.Schema, whole: pa.Schema, name: str, inner: bool) -> Any:
    import pyarrow as pa

    [plain] = same_columns(iter([batch]), schema)
    parts = [f"{name}/{part}" for part in batch.column(ORIGIN).to_pylist()] if inner else [name] * batch.num_rows
    return pa.RecordBatch.from_arrays([*plain.columns, pa.array(parts, pa.string())], schema=whole)
