"""The decoding `sample`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Place
from ...values import Decoding

if TYPE_CHECKING:
    import torch

WILD = 2.0
"""Beyond this temperature texts fall apart."""


class Sample(Decoding):
    """Draw each token by its probability, from the likeliest ones if so told.

    `top_p` is nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751). `top_k` is applied first.
    """

    name: ClassVar[str] = "sample"
    example: ClassVar[str] = "sample { temperature = 0.8, top_p = 95% }"

    max_tokens: Annotated[int, Field(gt=0, description="The most tokens to write")] = 100
    temperature: Annotated[float, Field(gt=0, description="Below 1 bolder, above 1 wilder")] = 1.0
    top_k: Annotated[int | None, Field(gt=0, description="Draw from so many of the likeliest; none is all")] = None
    top_p: Annotated[
        float | None, Field(gt=0, le=1, description="Draw from the fewest tokens that have this probability together")
    ] = None

    def check(self, place: Place) -> None:
        """Warn of a temperature at which all tokens are nearly as likely."""
        if self.temperature > WILD:
            odds = 1000 ** (1 / self.temperature)
            place.warning("temperature", "L0924", {"temperature": f"{self.temperature:g}", "odds": f"{odds:.3g}"})

    def choose(self, logits: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        import torch

        logits = logits.float() / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k, dim=-1).values[:, -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self.top_p is not None:
            chances, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
            # A token stays if those before it don't reach the probability yet, so the first always stays.
            beyond = chances.cumsum(dim=-1) - chances >= self.top_p
            logits = logits.masked_fill(torch.zeros_like(beyond).scatter(1, order, beyond), -torch.inf)
        return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).squeeze(1)
