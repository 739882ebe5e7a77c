"""The objective `prefix_lm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Facts, Place
from ...models import Model, Shape
from ...values import IGNORED, Batch
from ...writing import Opening
from .causal_lm import CausalLM
from .documents import bounds
from .language import gathered

if TYPE_CHECKING:
    import numpy as np


class PrefixLM(CausalLM):
    """Read the beginning of each document both ways and predict the rest, token by token.

    Raffel et al. 2020 (arXiv:1910.10683, section 3.2.1). How much is predicted is drawn anew each time, evenly from
    one token to twice `rate`; what stands before sees itself both ways and carries no loss. Needs a model whose body
    takes a prefix, such as `decoder`.
    """

    name: ClassVar[str] = "prefix_lm"
    example: ClassVar[str] = "prefix_lm { rate = 25% }"
    gives: ClassVar[tuple[str, ...]] = ("loss",)

    rate: Annotated[float, Field(gt=0, le=0.5, description="The part of a document that is predicted, on average")] = (
        0.5
    )

    def check_model(self, place: Place, model: Model, field: str) -> None:
        if not model.takes_prefix:
            place.error(field, "L0602", {"objective": self.name, "model": model.name}, help="L0602.help")

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], shape: Shape) -> Opening:
        """Have the prompt be what is read both ways."""
        return Opening(super().opening(prompt, roles, shape).tokens, prefix=True)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Shift the tokens against the targets, and draw where the prefix of each document ends: `prefix` (B, L)."""
        import numpy as np

        prepared = super().prepare(batch, random, facts)
        tokens, targets, segments = prepared["tokens"], prepared["targets"], prepared["segments"]
        document, first, last = bounds(segments)
        draws = np.take_along_axis(random.random((len(tokens), int(document.max()) + 1)), document, axis=1)
        most = (2 * self.rate * (last - first + 1)).astype(np.int64)
        predicted = np.minimum(1 + (draws * most).astype(np.int64), most)
        place = np.arange(tokens.shape[1])
        begin = last + 1 - predicted
        # The last token of the prefix predicts the first one behind it, and so carries loss already.
        prepared["prefix"] = (place <= begin) & (segments != 0)
        targets[place < begin] = IGNORED
        return gathered(prepared, int(2 * self.rate * tokens.shape[1]))
