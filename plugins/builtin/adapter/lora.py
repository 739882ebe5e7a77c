"""The adapter `lora`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ...component import Place
from ...models import Model
from ...values import Objective
from .layers import LayerAdapter

if TYPE_CHECKING:
    from torch import Tensor, nn


class Lora(LayerAdapter):
    """Add a product of two narrow matrices to the weights of layers (Hu et al. 2021, arXiv:2106.09685).

    A layer of I inputs and O outputs has rank x (I + O) weights to train in the place of I x O. Queries, keys and values
    are one layer, `qkv`, and share what goes into it. What was learned can be merged into the weights, which then cost
    no more than before.
    """

    name: ClassVar[str] = "lora"
    example: ClassVar[str] = "lora { rank = 8, targets = attention }"

    rank: int = Field(8, gt=0, description="The width between the two matrices")
    alpha: float | None = Field(
        None, gt=0, description="What the product is multiplied by, times 1 / rank; none is twice the rank"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="On what goes into the two matrices")
    rslora: bool = Field(
        False, description="Whether alpha is divided by the root of the rank (Kalajdzievski 2023, arXiv:2312.03732)"
    )

    @property
    def scale(self) -> float:
        """What the product of the two matrices is multiplied by."""
        return self.strength / (math.sqrt(self.rank) if self.rslora else self.rank)

    @property
    def strength(self) -> float:
        """Alpha as a number."""
        return 2.0 * self.rank if self.alpha is None else self.alpha

    def derived(self) -> dict[str, float]:
        """Give what `alpha` is when it isn't given."""
        return {"alpha": self.strength} if self.alpha is None else {}

    def check_model(self, place: Place, model: Model, objective: Objective, field: str) -> None:
        super().check_model(place, model, objective, field)
        layers = {f"body.{name}": size for name, size in (model.linear_layers() or {}).items()}
        for pattern in self.patterns:
            for name in self.meant(layers, pattern):
                if self.rank >= min(layers[name]):
                    values = {"rank": self.rank, "layer": name, "inputs": layers[name][0], "outputs": layers[name][1]}
                    place.warning(field, "L0726", values, help="L0726.help")
                    return

    def beside(self, layer: nn.Linear) -> nn.Module:
        from ...nn.adapters import LowRank

        return LowRank(layer, self.rank, self.scale, self.dropout)

    def merged(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        from ...nn.adapters import merged, moved

        return merged(tensors, partial(moved, scale=self.scale))
