"""The encoding `best_fit`: documents as a whole, in rows that they fill as well as they can."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...component import Facts
from .packed import Packed
from .text import batches, encode, first_token, plain, role

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Array = np.ndarray[Any, Any]

WINDOW = 4096
"""Rows' worth of tokens that are packed at once: what is left over of so many is little, and fits into memory."""


class BestFit(Packed):
    """Put the end token around each document and pack documents into rows by best fit, the longest first.

    Ding et al. 2024, arXiv:2404.10830. A document that is longer than a row is cut into full rows first, and its rest is
    packed like a document; no other is cut. What no document fits into is padding, segment 0.
    """

    name: ClassVar[str] = "best_fit"

    def rows(
        self, records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, roles: Mapping[str, int], facts: Facts
    ) -> Iterator[dict[str, Any]]:
        tokenizer, start, end = plain(tokenizer), first_token(roles), role(roles, "end")
        groups = (
            [
                piece
                for document in encode(tokenizer, [record[self.column] for record in batch], self.words)
                if len(document)
                for piece in self._pieces(self._document(document, start, end, 0))
            ]
            for batch in batches(records, self.column)
        )
        return self._in_windows(groups, roles.get("pad", end))

    def _in_windows(self, groups: Iterable[list[Array]], pad: int) -> Iterator[dict[str, Any]]:
        """Pack pieces of at most a row: full ones at once, others when a window of them has come together behind a group."""
        waiting: list[Array] = []
        size = 0
        for group in groups:
            for piece in group:
                if piece.shape[1] == self.length:
                    yield self._packed_row([piece], pad)
                else:
                    waiting.append(piece)
                    size += piece.shape[1]
            if size >= WINDOW * self.length:
                yield from self._packed(waiting, pad)
                waiting, size = [], 0
        yield from self._packed(waiting, pad)

    def _pieces(self, document: Array) -> Iterator[Array]:
        """Cut a document into rows, each beginning `overlap` tokens before the last one ended."""
        place = 0
        while document.shape[1] - place > self.length:
            yield document[:, place : place + self.length]
            place += self._stride
        if document.shape[1] - place > self.overlap or not place:
            yield document[:, place:]

    def _packed(self, pieces: list[Array], pad: int) -> Iterator[dict[str, Any]]:
        rows = fitted([piece.shape[1] for piece in pieces], self.length)
        return (self._packed_row([pieces[index] for index in row], pad) for row in rows)

    def _packed_row(self, pieces: list[Array], pad: int) -> dict[str, Any]:
        import numpy as np

        numbered = [
            np.concatenate([piece[:1], np.full_like(piece[:1], number), piece[2:]])
            for number, piece in enumerate(pieces, start=1)
        ]
        return self._row(np.concatenate(numbered, axis=1), 0, pad)


def fitted(sizes: list[int], room: int) -> list[list[int]]:
    """Give for each row the indices of what goes into it: each to the fullest row that has room, the largest first."""
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []
    """Rows that have room, as (room, row), the fullest first."""
    for index in sorted(range(len(sizes)), key=lambda index: (-sizes[index], index)):
        place = bisect_left(free, (sizes[index], 0))
        if place < len(free):
            left, row = free.pop(place)
            rows[row].append(index)
        else:
            left, row = room, len(rows)
            rows.append([index])
        if left > sizes[index]:
            insort(free, (left - sizes[index], row))
    return rows
