"""The data `clean`: texts without what is not their content."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Literal

from ...api import Facts, Field, Place, Work
from .aozora import without_marks
from .transform import Transform, check_column, masked

if TYPE_CHECKING:
    import pyarrow as pa


class Clean(Transform):
    """Clean the texts of data: normalise, strip, and leave out what is too short or there already.

    It maps over splits; a text that an earlier split has counts as there already.
    """

    name: ClassVar[str] = "clean"
    example: ClassVar[str] = 'text("books/*.txt") |> clean(normalise = nfkc, min_chars = 200)'
    selects: ClassVar[bool] = False

    min_chars: int = Field(1, ge=0, description="Texts of fewer characters, once cleaned, are left out")
    normalise: Literal["nfc", "nfkc"] | None = Field(
        None, description="Unicode form of the text; nfkc makes full-width letters and half-width kana ordinary ones"
    )
    aozora: bool = Field(
        False, description="Remove what Aozora Bunko adds to a text: ruby, notes, the explanation and the colophon"
    )
    strip: bool = Field(True, description="Remove blanks at the ends of a text")
    unique: bool = Field(False, description="Leave out texts that are there already, character for character")
    column: str = Field("text", description="The column that is cleaned")

    def check(self, place: Place) -> None:
        check_column(place, self.data.artifact, self.column, "column" if self.column != "text" else "data")

    def cleaned(self, text: str) -> str:
        """Give a text as it is when it is clean."""
        if self.aozora:
            text = without_marks(text)
        if self.normalise:
            text = unicodedata.normalize(self.normalise.upper(), text)  # type: ignore[arg-type]
        return text.strip() if self.strip else text

    def run(self, work: Work) -> Facts:
        seen: set[bytes] = set()
        left_out: Counter[str] = Counter(short=0, repeated=0)

        def wanted(text: str) -> bool:
            if len(text) < self.min_chars:
                left_out["short"] += 1
                return False
            if self.unique:
                digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
                if digest in seen:
                    left_out["repeated"] += 1
                    return False
                seen.add(digest)
            return True

        def change(batch: pa.RecordBatch) -> pa.RecordBatch:
            import pyarrow as pa

            at = batch.schema.get_field_index(self.column)
            texts = [self.cleaned(text or "") for text in batch.column(at).to_pylist()]
            return masked(
                batch.set_column(at, batch.schema.field(at), pa.array(texts, batch.schema.field(at).type)),
                [wanted(text) for text in texts],
            )

        return self.transform(work, change) | {"left_out": dict(left_out)}
