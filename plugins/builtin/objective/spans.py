"""Spans that are left out of packed rows, as in T5, and the two streams that this makes.

B rows, L tokens a row, S tokens of the source, T tokens of the target: as many for every row, whatever is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....dsl.record import Record
from ...values import IGNORED, Batch
from .documents import bounds

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Sizes(Record):
    """How much a row of L tokens comes to."""

    spans: int
    """The most spans that are left out."""
    source: int
    target: int
    """The tokens of all spans, each behind its sentinel, and an end for each document: at most as many as spans."""

    @classmethod
    def of(cls, length: int, rate: float, mean_length: float) -> Sizes:
        """Give the sizes for rows of so many tokens."""
        noise = max(1, round(length * rate))
        spans = max(1, round(noise / mean_length))
        return cls(spans, length - noise + spans, noise + 2 * spans)


def drawn_spans(eligible: Array, real: Array, rate: float, mean_length: float, random: np.random.Generator) -> Array:
    """Draw which places of rows (B, L) are left out, of those that are `eligible`.

    As T5 does it: the share `rate` of all that is `real` is cut at random into spans, and so is what stays; they take turns, what stays
    first. A span ends where a document or an ineligible token comes.
    """
    import numpy as np

    rows, length = eligible.shape
    there = eligible.sum(axis=1)
    noise = np.minimum(np.maximum(np.rint(real.sum(axis=1) * rate).astype(np.int64), 1), np.maximum(there - 1, 0))
    spans = np.minimum(np.maximum(np.rint(noise / mean_length).astype(np.int64), np.minimum(noise, 1)), there - noise)
    most = max(1, int(spans.max()))
    left_out, kept = (_cut(items, spans, most, length, random) for items in (noise, there - noise))
    ends = np.cumsum(left_out + kept, axis=1)
    steps = np.zeros((rows, length + 1), dtype=np.int64)
    numbers = np.broadcast_to(np.arange(rows)[:, None], ends.shape)
    np.add.at(steps, (numbers, ends - left_out), 1)
    np.add.at(steps, (numbers, ends), -1)
    inside = np.cumsum(steps, axis=1) > 0  # by the number of an eligible place
    return eligible & np.take_along_axis(inside, np.maximum(np.cumsum(eligible, axis=1) - 1, 0), axis=1)


def _cut(items: Array, pieces: Array, most: int, length: int, random: np.random.Generator) -> Array:
    """Cut so many items (B,) into so many pieces (B,), all ways alike: the lengths (B, most), 0 beyond the last."""
    import numpy as np

    keys = np.where(np.arange(length) < items[:, None] - 1, random.random((len(items), length)), 2.0)
    cuts = np.argsort(keys, axis=1)[:, : most - 1] + 1
    cuts = np.where(np.arange(most - 1) < pieces[:, None] - 1, cuts, items[:, None])
    ends = np.concatenate([np.sort(cuts, axis=1), items[:, None]], axis=1)
    return np.diff(ends * (pieces > 0)[:, None], axis=1, prepend=0)


def corrupted(
    tokens: Array, segments: Array, left_out: Array, sizes: Sizes, sentinels: list[int], start: int, end: int
) -> Batch:
    """Make source and target of rows whose places `left_out` (B, L) are to be written.

    The source has a sentinel in the place of each span; a row ends where the source is full. The target of a document
    is its spans, each behind its sentinel, and the end token; what the decoder reads begins with the start token. Spans
    for which there is no room or no sentinel stay in the source.
    """
    import numpy as np

    document, first, _ = bounds(segments)
    number, begins = _numbered(left_out, document)
    within = number - np.take_along_axis(number - begins, first, axis=1)  # counted from 1 in each document
    left_out = left_out & (number <= sizes.spans) & (within <= len(sentinels))
    number, begins = _numbered(left_out, document)
    sentinel = np.asarray(sentinels)[np.clip(within - 1, 0, len(sentinels) - 1)]

    stays = ~left_out | begins
    place = np.cumsum(stays, axis=1) - 1  # of a span's tokens, that of its sentinel
    fits = place < sizes.source
    source = _Stream(len(tokens), sizes.source, start)
    source.put(stays & fits, place, np.where(begins, sentinel, tokens), segments)

    left_out, begins = left_out & fits, begins & fits
    whose = np.cumsum(begins & (within == 1), axis=1)  # documents with spans so far, this one included
    place = np.cumsum(left_out, axis=1) + np.cumsum(begins, axis=1) + whose - 2
    target = _Stream(len(tokens), sizes.target, IGNORED)
    target.put(left_out, place, tokens, segments)
    target.put(begins, place - 1, sentinel, segments)
    last = left_out & (_left_after(left_out, document) == 0)
    target.put(last, place + 1, np.full_like(tokens, end), segments)
    opens = np.ones_like(target.segments, dtype=bool)
    opens[:, 1:] = target.segments[:, 1:] != target.segments[:, :-1]
    before = np.concatenate([np.full_like(target.tokens[:, :1], start), target.tokens[:, :-1]], axis=1)
    return {
        "source_tokens": source.tokens,
        "source_segments": source.segments,
        "target_tokens": np.where(opens | (before == IGNORED), start, before),
        "target_segments": target.segments,
        "targets": target.tokens,
    }


def _numbered(left_out: Array, document: Array) -> tuple[Array, Array]:
    """Give the number of spans that began so far in the row, and where one begins."""
    import numpy as np

    begins = left_out.copy()
    begins[:, 1:] &= ~left_out[:, :-1] | (document[:, 1:] != document[:, :-1])
    return np.cumsum(begins, axis=1), begins


def _left_after(left_out: Array, document: Array) -> Array:
    """Count the places that are left out behind each place within its document."""
    import numpy as np

    so_far = np.cumsum(left_out, axis=1)
    ends = np.ones_like(left_out)
    ends[:, :-1] = document[:, 1:] != document[:, :-1]
    # The next end of a document has the count of all of it; counts never fall.
    whole = np.minimum.accumulate(np.where(ends, so_far, so_far[:, -1:] + 1)[:, ::-1], axis=1)[:, ::-1]
    return whole - so_far


class _Stream:
    """Rows of tokens and segments that are filled place by place."""

    def __init__(self, rows: int, length: int, empty: int) -> None:
        import numpy as np

        self.tokens = np.full((rows, length), empty, dtype=np.int64)
        self.segments = np.zeros((rows, length), dtype=np.int64)

    def put(self, chosen: Array, place: Array, tokens: Array, segments: Array) -> None:
        """Write tokens and segments (B, L) of the chosen places to where they go."""
        import numpy as np

        rows = np.nonzero(chosen)[0]
        self.tokens[rows, place[chosen]] = tokens[chosen]
        self.segments[rows, place[chosen]] = segments[chosen]
