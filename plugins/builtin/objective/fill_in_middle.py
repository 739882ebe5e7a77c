"""The objective `fill_in_middle`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ....dsl.record import Record
from ...component import Facts
from ...fields import Fraction
from ...models import Shape
from ...values import Batch
from ..encoding.text import role
from .causal_lm import CausalLM
from .documents import bounds

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    Array = np.ndarray[Any, Any]

ROLES = ("fim_prefix", "fim_suffix", "fim_middle")


class FillInMiddle(CausalLM):
    """Predict each token from those before it, in documents whose middle was moved to their end.

    Bavarian et al. 2022 (arXiv:2207.14255): a document is cut at two places drawn anew each time, and its parts are
    put in the order prefix, suffix, middle (PSM) or suffix, prefix, middle (SPM), each with its special token, so that
    a causal model learns to fill in. The tokenizer must have these three (`fill_in_middle = true`). Their place is
    taken from the end of the row. Documents that fill several rows are cut within each row.
    """

    name: ClassVar[str] = "fill_in_middle"
    example: ClassVar[str] = "fill_in_middle { rate = 50% }"
    gives: ClassVar[tuple[str, ...]] = ("loss",)

    rate: Annotated[Fraction, Field(description="The part of the documents whose middle is moved")] = 0.5
    suffix_first: Annotated[Fraction, Field(description="The part of these whose suffix stands first (SPM)")] = 0.5

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return ROLES

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Move middles, then shift the tokens against the targets."""
        marks = tuple(role(facts["roles"], name) for name in ROLES)
        tokens, segments = batch["tokens"], batch["segments"]
        end = facts["roles"].get("end")
        around = (facts["roles"].get("start", end), end)
        cuts = drawn_cuts(tokens, segments, around, self.rate, self.suffix_first, random)
        tokens, segments = moved(tokens, segments, cuts, marks)
        return super().prepare({"tokens": tokens, "segments": segments}, random, facts)

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        for name in ROLES:
            role(facts["roles"], name)
        return super().head(shape, body, facts)


class Cuts(Record):
    """Where documents are cut, said at each place of theirs: (B, L). The text is start…end - 1, without end marks."""

    start: Array
    prefix_end: Array
    suffix_start: Array
    end: Array
    moved: Array
    """Whether the middle is moved at all."""
    suffix_first: Array


def drawn_cuts(
    tokens: Array,
    segments: Array,
    around: tuple[int | None, int | None],
    rate: float,
    suffix_first: float,
    random: np.random.Generator,
) -> Cuts:
    """Draw for each document whether and where it is cut; all cuts of a text are as likely.

    `around` are the tokens before and behind a text, which are none of it.
    """
    import numpy as np

    document, first, last = bounds(segments)
    start = first + (np.take_along_axis(tokens, first, axis=1) == around[0])
    stop = np.maximum(last + 1 - (np.take_along_axis(tokens, last, axis=1) == around[1]), start)
    draws = random.random((4, len(tokens), int(document.max()) + 1))
    one, other, chance, order = (np.take_along_axis(draw, document, axis=1) for draw in draws)
    places = [start + (draw * (stop - start + 1)).astype(np.int64) for draw in (one, other)]
    is_moved = (segments != 0) & (stop > start) & (chance < rate)
    return Cuts(start, np.minimum(*places), np.maximum(*places), stop, is_moved, order < suffix_first)


def moved(tokens: Array, segments: Array, cuts: Cuts, marks: tuple[int, ...]) -> tuple[Array, Array]:
    """Move middles behind suffixes and put marks (of prefix, suffix, middle) in; rows keep their length L.

    Where everything goes is worked out place by place: what a document's parts are shifted by, and three places more
    for each document that was changed before.
    """
    import numpy as np

    place = np.arange(tokens.shape[1])
    middle, suffix = cuts.suffix_start - cuts.prefix_end, cuts.end - cuts.suffix_start
    _, first, _ = bounds(segments)
    changed_first = cuts.moved & (place == first)
    before = 3 * (np.cumsum(changed_first, axis=1) - cuts.moved)

    shift = np.where(place >= cuts.end, 3, 0)
    shift = np.where(
        (cuts.start <= place) & (place < cuts.prefix_end), np.where(cuts.suffix_first, suffix + 3, 1), shift
    )
    shift = np.where((cuts.prefix_end <= place) & (place < cuts.suffix_start), suffix + 3, shift)
    back = np.where(cuts.suffix_first, cuts.start - cuts.suffix_start, -middle) + 2
    shift = np.where((cuts.suffix_start <= place) & (place < cuts.end), back, shift)
    target = place + before + np.where(cuts.moved, shift, 0)

    new_tokens, new_segments = np.zeros_like(tokens), np.zeros_like(segments)
    rows = np.broadcast_to(np.arange(len(tokens))[:, None], tokens.shape)

    def put(chosen: Array, where: Array, what: Array) -> None:
        fits = chosen & (where < tokens.shape[1])
        new_tokens[rows[fits], where[fits]] = what[fits]
        new_segments[rows[fits], where[fits]] = segments[fits]

    put(np.ones_like(changed_first), target, tokens)
    for mark, where in zip(
        marks,
        (
            cuts.start,
            np.where(cuts.suffix_first, cuts.start, cuts.prefix_end) + 1,
            np.where(cuts.suffix_first, cuts.start + suffix, cuts.end - middle) + 2,
        ),
        strict=True,
    ):
        put(changed_first, where + before, np.full_like(tokens, mark))
    return new_tokens, new_segments
