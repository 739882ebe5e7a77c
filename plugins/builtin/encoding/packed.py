"""The encoding `packed`: documents one after the other in rows of one length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ...component import Facts
from ...values import ArrayOf, Encoding
from .text import batches, encode, first_token, plain, role

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Encoding as Encoded
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]


class Packed(Encoding):
    """Put the start token before and the end token behind each document (the latter alone, if there is one) and lay the documents one after the other into rows.

    Segments number the documents within a row; the rest of the last row is padding, segment 0. Rows begin `overlap`
    tokens before the last one ended: with an overlap of 1 every token but a document's first mark is the successor
    of another token in exactly one row.
    """

    name: ClassVar[str] = "packed"

    length: Annotated[int, Field(gt=1, description="Tokens of a row")]
    overlap: Annotated[int, Field(ge=0, description="Tokens that a row shares with the one before")] = 0
    words: Annotated[bool, Field(description="Whether to mark where words begin")] = False
    column: Annotated[str, Field(description="The column of the text")] = "text"

    def arrays(self) -> dict[str, ArrayOf]:
        segment = "uint16" if self.length < 2**16 else "uint32"
        arrays = {"tokens": ArrayOf("token", (self.length,)), "segments": ArrayOf(segment, (self.length,))}
        return arrays | ({"words": ArrayOf("uint8", (self.length,))} if self.words else {})

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Iterator[dict[str, Any]]:
        import numpy as np

        tokenizer, start, end = plain(tokenizer), first_token(roles), role(roles, "end")
        left: Array | None = None
        documents = 0
        for batch in batches(records, self.column):
            encoded = encode(tokenizer, [record[self.column] for record in batch], self.words)
            stream = [] if left is None else [left]
            for document in encoded:
                if len(document):
                    documents += 1
                    stream.append(self._document(document, start, end, documents))
            left = np.concatenate(stream, axis=1) if stream else None
            if left is not None:
                whole = max(0, (left.shape[1] - self.overlap) // self._stride)
                yield from (self._row(left, place) for place in range(0, whole * self._stride, self._stride))
                left = left[:, whole * self._stride :]
        if left is not None and left.shape[1] > self.overlap:
            yield self._row(left, 0, pad=roles.get("pad", end))

    def tokens(self, row: Mapping[str, Any]) -> int:
        """Count what the model reads of a row: a shared token is read in the next one."""
        import numpy as np

        return int(np.count_nonzero(row["segments"][: self._stride]))

    @property
    def _stride(self) -> int:
        return self.length - self.overlap

    def _document(self, document: Encoded, start: int, end: int, number: int) -> Array:
        """Give the columns of the stream: token, number of the document, whether a word begins."""
        import numpy as np

        columns = np.empty((3 if self.words else 2, len(document) + 2), dtype=np.int64)
        columns[0, 0], columns[0, -1] = start, end
        columns[0, 1:-1] = document.ids
        columns[1] = number
        if self.words:
            word = np.array([-1 if item is None else item for item in document.word_ids], dtype=np.int64)
            columns[2] = 1
            columns[2, 2:-1] = word[1:] != word[:-1]
        return columns

    def _row(self, stream: Array, place: int, pad: int = 0) -> dict[str, Any]:
        import numpy as np

        part = stream[:, place : place + self.length]
        missing = self.length - part.shape[1]
        # Documents are numbered without gaps, so that the difference to the first is the number within the row.
        row = {"tokens": part[0], "segments": part[1] - part[1, 0] + 1}
        if self.words:
            row["words"] = part[2]
        if missing:
            row = {name: np.pad(array, (0, missing)) for name, array in row.items()}
            row["tokens"][-missing:] = pad
        return row
