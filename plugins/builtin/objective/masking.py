"""Which tokens of a row are hidden, and behind what.

B rows, L tokens a row, K chosen positions a row: as many for every row, so that shapes never depend on what is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....dsl.record import Record
from ...values import IGNORED

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

TO_MASK, TO_RANDOM = 0.8, 0.1
LONGEST_WORD = 8
"""Tokens of a word that are hidden together at most: where words are not spaced, a whole sentence is one word."""


class Masking(Record):
    """How to hide tokens."""

    rate: float
    mask: int
    special: tuple[int, ...]
    """Ids that are never chosen and never drawn, sorted."""
    vocab_size: int


def mask_rows(
    tokens: Array, segments: Array | None, words: Array | None, masking: Masking, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Hide tokens (B, L): give the changed tokens (B, L), the chosen positions (B, K), the targets (B, K).

    Neither special tokens nor padding are chosen. A row has the share `rate` of its own tokens chosen, at least one;
    the positions beyond are there to fill up K, and their target is IGNORED. With `words` (B, L), 1 where a word
    begins, words are chosen whole, and one that would exceed the share is left out.
    """
    import numpy as np

    eligible = ~np.isin(tokens, masking.special)
    if segments is not None:
        eligible &= segments != 0
    shares = np.maximum(np.rint(eligible.sum(axis=1) * masking.rate), 1).astype(np.int64)
    shares[~eligible.any(axis=1)] = 0
    most = max(1, int(np.rint(tokens.shape[1] * masking.rate)))
    keys = np.asarray(random.random(tokens.shape))
    if words is None:
        masked, chosen = _single(keys, eligible, shares, most)
    else:
        masked, chosen = _whole(keys, eligible, words, shares, most)
    original = np.take_along_axis(tokens, masked, axis=1).astype(np.int64)
    hidden = np.where(chosen, _replaced(original, masking, random), original)
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


def _whole(keys: Array, eligible: Array, words: Array, shares: Array, most: int) -> tuple[Array, Array]:
    """Choose words: a word's tokens share the key of its first, and so stand together in the order."""
    import numpy as np

    length = keys.shape[1]
    place = np.arange(length)
    begins = words.astype(bool) | ~eligible
    begins[:, 0] = True
    begins[:, 1:] |= ~eligible[:, :-1]
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    begins |= (place - first) % LONGEST_WORD == 0
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    keys = np.where(eligible, np.take_along_axis(keys, first, axis=1), 2.0)
    order = np.argsort(keys, axis=1, kind="stable")
    # The rank of a word's last token says whether the whole word lies within the share.
    ordered_first = np.take_along_axis(first, order, axis=1)
    ends = np.ones_like(begins)
    ends[:, :-1] = ordered_first[:, 1:] != ordered_first[:, :-1]
    last = np.minimum.accumulate(np.where(ends, place, length)[:, ::-1], axis=1)[:, ::-1]
    chosen = (last < shares[:, None]) & np.take_along_axis(eligible, order, axis=1)
    return order[:, :most], chosen[:, :most]


def _replaced(original: Array, masking: Masking, random: np.random.Generator) -> Array:
    """Draw what stands in the place of tokens: the mask, a random token that isn't special, or the token itself."""
    import numpy as np

    chance = random.random(original.shape)
    drawn = random.integers(0, masking.vocab_size - len(masking.special), original.shape)
    for special in masking.special:  # step over each in turn: what is left is uniform over the others
        drawn += drawn >= special
    replaced = np.where(chance < TO_MASK + TO_RANDOM, drawn, original)
    return np.where(chance < TO_MASK, masking.mask, replaced)
