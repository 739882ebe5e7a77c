"""The objective `span_corruption`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Facts
from ...models import Shape
from ...values import Batch, Encoding
from ...writing import Opening, Writing
from ..encoding.packed import Packed
from ..encoding.pairs import from_source, start_token
from ..encoding.text import first_token, role
from .language import LanguageModelling
from .spans import Sizes, corrupted, drawn_spans

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


class SpanCorruption(LanguageModelling, Writing):
    """Write the spans that were left out of a text, each behind the sentinel that stands for it.

    The objective of T5 (Raffel et al. 2020, arXiv:1910.10683, section 3.1.4), drawn anew each time. A document's
    sentinels count from its own start. The tokenizer must have them (`sentinels = 32`).
    """

    name: ClassVar[str] = "span_corruption"
    example: ClassVar[str] = "span_corruption { rate = 15%, mean_length = 3 }"
    attention: ClassVar[tuple[str, ...]] = ("encoder_decoder",)
    gives: ClassVar[tuple[str, ...]] = ("loss",)

    rate: Annotated[float, Field(gt=0, le=0.5, description="The part of a row's tokens that is left out")] = 0.15
    mean_length: Annotated[float, Field(ge=1, description="Tokens of a span, on average")] = 3.0

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return tuple(f"sentinel_{number}" for number in range(self._sizes(shape.context_length).spans))

    def encoding(self, shape: Shape) -> Encoding:
        return Packed(length=shape.context_length)

    def opening(self, prompt: Sequence[int], roles: Mapping[str, int], shape: Shape) -> Opening:
        """Have the prompt, with its sentinels, be a document of the source, and the text begin as a target does."""
        return from_source([first_token(roles), *prompt], roles, shape.context_length)

    def shown(self, prompt: str) -> str:
        return f"{prompt} → "

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Leave spans out: the streams of source and target, and `targets` (B, T), IGNORED beyond the last one."""
        import numpy as np

        roles, tokens = facts["roles"], batch["tokens"]
        sizes = self._sizes(tokens.shape[1])
        real = batch["segments"] != 0
        eligible = real & ~np.isin(tokens, sorted(set(roles.values())))
        left_out = drawn_spans(eligible, real, self.rate, self.mean_length, random)
        return corrupted(tokens, batch["segments"], left_out, sizes, sentinels(roles), start_token(roles), roles["end"])

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        role(facts["roles"], "sentinel_0")
        return super().head(shape, body, facts)

    def _sizes(self, length: int) -> Sizes:
        return Sizes.of(length, self.rate, self.mean_length)


def sentinels(roles: dict[str, int]) -> list[int]:
    """Give the ids of the sentinels in their order, as far as there are any without a gap."""
    found = [role(roles, "sentinel_0")]
    while (number := roles.get(f"sentinel_{len(found)}")) is not None:
        found.append(number)
    return found
