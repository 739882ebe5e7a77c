"""The data `augment`: training rows, and copies of them that are changed a little."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING, ClassVar

from ...api import Facts, Field, Fraction, Place, Work
from ...tables import Table, TableWriter, parts
from .noise import Noise
from .transform import Transform, check_column, mixture, require_rows

if TYPE_CHECKING:
    import pyarrow as pa

NOISES = ("delete", "swap", "case", "width", "punctuation")


class Augment(Transform):
    """Add to each training row copies whose text is changed a little: words left out or swapped, in another case or width.

    The other columns stay as they are, labels among them, and so do the other splits: what is measured is never changed
    (L0791). A row's copies depend on its text and the seed alone. A copy that came out like the row, or like another copy, is
    left out. Words end at blanks, and in Japanese where the script changes. Deletion and swaps are those of EDA (Wei & Zou
    2019, arXiv:1901.11196), which helps most with a few hundred rows and hardly with thousands.
    """

    name: ClassVar[str] = "augment"
    example: ClassVar[str] = "augment(novels, copies = 2, delete = 10%, swap = 10%)"
    selects: ClassVar[bool] = False

    copies: int = Field(1, ge=1, le=100, description="Changed copies of each row, which itself stays")
    delete: Fraction = Field(0.0, description="The share of words that are left out")
    swap: Fraction = Field(0.0, description="The share of words that change places with another")
    case: Fraction = Field(0.0, description="The share of words that are written small, or with a capital")
    width: Fraction = Field(0.0, description="The share of words that are written full-width, or half-width")
    punctuation: Fraction = Field(0.0, description="The share of punctuation marks that are left out")
    column: str = Field("text", description="The column that is changed")
    seed: int = Field(0, ge=0, lt=2**63, description="Another seed makes other copies")

    def invents(self, split: str | None) -> bool:
        return split in (None, "train")

    def check(self, place: Place) -> None:
        check_column(place, self.data.artifact, self.column, "column" if self.column != "text" else "data")
        if not any(getattr(self, noise) for noise in NOISES):
            place.error(None, "L0794", {"noises": NOISES})
        if aligned := self._aligned():
            place.error("column", "L0792", {"column": self.column, "aligned": aligned})

    def _aligned(self) -> list[str]:
        """Give the columns that count the characters or words of the one that is changed."""
        if self.column not in ("text", "context", "tokens", "words"):
            return []
        counted = ["tags", "spans", "entities", "answers", "answer_start"]
        if "context" in self.columns:
            counted.append("answer")
        return [column for column in counted if column in self.columns]

    def copies_of(self, text: str) -> list[str]:
        """Give the changed copies of a text, without those that came out alike."""
        noise = Noise(**{name: getattr(self, name) for name in NOISES})
        found = [text]
        for number in range(self.copies):
            key = hashlib.blake2b(f"augment:{self.seed}:{number}:{text}".encode(), digest_size=8).digest()
            # The sequence of random() for a seed is one that Python promises to keep.
            changed = noise.of(text, Random(int.from_bytes(key, "big")))
            if changed.strip() and changed not in found:
                found.append(changed)
        return found[1:]

    def run(self, work: Work) -> Facts:
        source = work.input(self.data)
        rows, alike = {}, 0
        for split, file in parts(source, self.data).items():
            table = Table(file)
            with TableWriter(work.directory / f"{split}.parquet", table.schema) as writer:
                done = 0
                for batch in table.arrow():
                    augmented = self._augmented(batch) if split in ("train", "rows") else batch
                    if augmented is not batch:
                        alike += batch.num_rows * (1 + self.copies) - augmented.num_rows
                    writer.write(augmented)
                    done += batch.num_rows
                    work.progress(done, len(table))
            rows[split] = writer.rows
        require_rows(rows, self)
        return {"rows": rows, "left_out": {"alike": alike}, **mixture(source.facts)}

    def _augmented(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give a batch with the copies of each row behind it: sources of a mixture stay together."""
        import pyarrow as pa

        at = batch.schema.get_field_index(self.column)
        places: list[int] = []
        texts: list[str | None] = []
        for place, text in enumerate(batch.column(at).to_pylist()):
            all_ = [text] if text is None else [text, *self.copies_of(text)]
            places += [place] * len(all_)
            texts += all_
        field = batch.schema.field(at)
        return batch.take(pa.array(places, pa.int64())).set_column(at, field, pa.array(texts, field.type))
