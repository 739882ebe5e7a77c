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

    What is given is applied in the order of transformers: `repetition_penalty` (Keskar et al. 2019, arXiv:1909.05858),
    `temperature`, `top_k`, `top_p` (nucleus sampling, Holtzman et al. 2020, arXiv:1904.09751), `min_p` (Nguyen et al.
    2024, arXiv:2407.01082). Each prompt has random numbers of its own, whatever else is written beside it.
    """

    name: ClassVar[str] = "sample"
    example: ClassVar[str] = "sample { temperature = 0.8, top_p = 95% }"

    temperature: Annotated[float, Field(gt=0, description="Below 1 bolder, above 1 wilder")] = 1.0
    top_k: Annotated[int | None, Field(gt=0, description="Draw from so many of the likeliest; none is all")] = None
    top_p: Annotated[
        float | None, Field(gt=0, le=1, description="Draw from the fewest tokens that have this probability together")
    ] = None
    min_p: Annotated[
        float | None,
        Field(gt=0, le=1, description="Draw from tokens at least this share as likely as the likeliest"),
    ] = None
    repetition_penalty: Annotated[
        float, Field(gt=0, description="Above 1 makes tokens that were there before less likely")
    ] = 1.0
    seed: Annotated[int | None, Field(ge=0, description="Of what is drawn; none is the experiment's")] = None

    def own_seed(self) -> int | None:
        return self.seed

    def check(self, place: Place) -> None:
        """Warn of a temperature at which all tokens are nearly as likely."""
        super().check(place)
        if self.temperature > WILD:
            odds = 1000 ** (1 / self.temperature)
            place.warning("temperature", "L0924", {"temperature": f"{self.temperature:g}", "odds": f"{odds:.3g}"})

    def choose(self, logits: torch.Tensor, seen: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        from ...nn.filters import draw

        return draw(self.filtered(logits, seen), uniform)

    def filtered(self, logits: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Give the logits (B, V) that tokens are drawn by, minus infinity for those that can't be."""
        from ...nn.filters import keep_min_p, keep_top_k, keep_top_p, penalise

        logits = penalise(logits, seen, self.repetition_penalty) / self.temperature
        return keep_min_p(keep_top_p(keep_top_k(logits, self.top_k), self.top_p), self.min_p)
