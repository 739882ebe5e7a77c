"""Which tokens of a row are hidden, and behind what.

B rows, L tokens a row, K chosen positions a row: as many for every row, so that shapes never depend on what is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....dsl.record import Record
from ...values import IGNORED

if TYPE_CHECKING:
    import numpy as np

    from .draws import Draws

    Array = np.ndarray[Any, Any]

TO_MASK, TO_RANDOM = 0.8, 0.1
LONGEST_WORD = 8
"""Tokens of a word that are hidden together at most: where words are not spaced, a whole sentence is one word."""


SPAN_STOP, LONGEST_SPAN = 0.2, 10
"""SpanBERT draws the length of a span geometrically, from 1 to 10: 3.8 on average (Joshi et al. 2020, arXiv:1907.10529)."""


class Masking(Record):
    """How to hide tokens."""

    rate: float
    mask: int
    special: tuple[int, ...]
    """Ids that are never chosen and never drawn, sorted."""
    vocab_size: int
    spans: bool = False
    """Whether runs of tokens (or of words) are hidden together, and behind the same."""


def mask_rows(
    tokens: Array, segments: Array | None, words: Array | None, masking: Masking, random: Draws
) -> tuple[Array, Array, Array]:
    """Hide tokens (B, L): give the changed tokens (B, L), the chosen positions (B, K), the targets (B, K).

    Neither special tokens nor padding are chosen. A row has the share `rate` of its own tokens chosen, at least one;
    the positions beyond are there to fill up K, and their target is IGNORED. With `words` (B, L), 1 where a word
    begins, words are chosen whole, and one that would exceed the share is left out; so it is with spans.
    """
    import numpy as np

    eligible = ~np.isin(tokens, masking.special)
    if segments is not None:
        eligible &= segments != 0
    shares = np.maximum(np.rint(eligible.sum(axis=1) * masking.rate), 1).astype(np.int64)
    shares[~eligible.any(axis=1)] = 0
    most = max(1, int(np.rint(tokens.shape[1] * masking.rate)))
    keys = np.asarray(random.random(tokens.shape))
    first = None
    if masking.spans:
        first = _first_of_spans(tokens, eligible, segments, words, random)
    elif words is not None:
        first = _first_of_words(words, eligible)
    if first is None:
        masked, chosen = _single(keys, eligible, shares, most)
    else:
        masked, chosen = _whole(keys, eligible, first, shares, most)
    original = np.take_along_axis(tokens, masked, axis=1).astype(np.int64)
    if masking.spans and first is not None:
        # A span is hidden behind one sort: the chance of its first token's place is that of all.
        chance = np.take_along_axis(random.random(tokens.shape), np.take_along_axis(first, masked, axis=1), axis=1)
    else:
        chance = random.random(original.shape)
    hidden = np.where(chosen, _replaced(original, chance, masking, random), original)
    changed = tokens.astype(np.int64)
    np.put_along_axis(changed, masked, hidden, axis=1)
    return changed, masked, np.where(chosen, original, IGNORED)


def _single(keys: Array, eligible: Array, shares: Array, most: int) -> tuple[Array, Array]:
    """Choose tokens one by one: those with the smallest keys."""
    import numpy as np

    keys = np.where(eligible, keys, 2.0)
    smallest = np.argpartition(keys, most - 1, axis=1)[:, :most]
    order = np.take_along_axis(keys, smallest, axis=1).argsort(axis=1)
    masked = np.take_along_axis(smallest, order, axis=1)
    return masked, np.arange(most) < shares[:, None]


def _first(begins: Array) -> Array:
    """Give for each place the last one at or before it where something begins."""
    import numpy as np

    return np.maximum.accumulate(np.where(begins, np.arange(begins.shape[1]), 0), axis=1)


def _begins(eligible: Array, more: Array) -> Array:
    """Give where groups begin: where `more` says so, at each token that can't be hidden, and behind it."""
    begins = more | ~eligible
    begins[:, 0] = True
    begins[:, 1:] |= ~eligible[:, :-1]
    return begins


def _first_of_words(words: Array, eligible: Array) -> Array:
    """Give for each place the first one of its word."""
    import numpy as np

    begins = _begins(eligible, words.astype(bool))
    return _first(begins | ((np.arange(begins.shape[1]) - _first(begins)) % LONGEST_WORD == 0))


def _first_of_spans(
    tokens: Array, eligible: Array, segments: Array | None, words: Array | None, random: Draws
) -> Array:
    """Cut rows into spans of drawn lengths, within documents; give for each place the first one of its span."""
    import numpy as np

    rows, length = tokens.shape
    shorter = 1 - (1 - SPAN_STOP) ** LONGEST_SPAN  # the part of a geometric distribution that is kept
    drawn = np.floor(np.log1p(-shorter * random.random((rows, length))) / np.log1p(-SPAN_STOP)).astype(np.int64)
    ends = np.cumsum(1 + drawn, axis=1)
    cut = np.zeros((rows, length + 1), dtype=bool)
    np.put_along_axis(cut, np.minimum(ends, length), True, axis=1)
    if words is None:
        begins = cut[:, :length]
    else:  # the cuts are counted in words
        starts = words.astype(bool)
        number = np.cumsum(starts, axis=1) - 1
        begins = starts & np.take_along_axis(cut, np.maximum(number, 0), axis=1)
    begins = _begins(eligible, begins)
    if segments is not None:
        begins[:, 1:] |= segments[:, 1:] != segments[:, :-1]
    return _first(begins)


def _whole(keys: Array, eligible: Array, first: Array, shares: Array, most: int) -> tuple[Array, Array]:
    """Choose groups (words, spans): tokens share the key of the first one, and so stand together in the order."""
    import numpy as np

    length = keys.shape[1]
    place = np.arange(length)
    keys = np.where(eligible, np.take_along_axis(keys, first, axis=1), 2.0)
    order = np.argsort(keys, axis=1, kind="stable")
    # The rank of a group's last token says whether all of it lies within the share.
    ordered_first = np.take_along_axis(first, order, axis=1)
    ends = np.ones_like(eligible)
    ends[:, :-1] = ordered_first[:, 1:] != ordered_first[:, :-1]
    last = np.minimum.accumulate(np.where(ends, place, length)[:, ::-1], axis=1)[:, ::-1]
    chosen = (last < shares[:, None]) & np.take_along_axis(eligible, order, axis=1)
    return order[:, :most], chosen[:, :most]


def _replaced(original: Array, chance: Array, masking: Masking, random: Draws) -> Array:
    """Draw what stands in the place of tokens: the mask, a random token that isn't special, or the token itself."""
    import numpy as np

    drawn = random.integers(0, masking.vocab_size - len(masking.special), original.shape)
    for special in masking.special:  # step over each in turn: what is left is uniform over the others
        drawn += drawn >= special
    replaced = np.where(chance < TO_MASK + TO_RANDOM, drawn, original)
    return np.where(chance < TO_MASK, masking.mask, replaced)
