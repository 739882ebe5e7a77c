"""The adapter `bottleneck`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from .layers import LayerAdapter

if TYPE_CHECKING:
    from torch import nn


class Bottleneck(LayerAdapter):
    """Put a narrow feed-forward layer behind what attention and feed-forward layers give (Houlsby et al. 2019).

    arXiv:1902.00751. With `targets = feedforward` it is the lighter one of Pfeiffer et al. 2020 (arXiv:2005.00247). It bends
    what goes through it, so that it can't be merged into the weights: the model costs a little more from then on.
    """

    name: ClassVar[str] = "bottleneck"
    example: ClassVar[str] = "bottleneck { size = 48 }"
    merges: ClassVar[bool] = False

    size: int = Field(64, gt=0, description="The width of the narrow layer")
    dropout: float = Field(0.0, ge=0, lt=1, description="On what goes into the narrow layer")

    def takes(self, name: str) -> bool:
        # The last layer of each half of a block: what it gives is added to the stream.
        return name.endswith(".output")

    def beside(self, layer: nn.Linear) -> nn.Module:
        from ...nn import adapters

        return adapters.Bottleneck(layer, self.size, self.dropout)
