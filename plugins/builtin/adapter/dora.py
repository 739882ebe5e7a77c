"""The adapter `dora`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from .lora import Lora

if TYPE_CHECKING:
    from torch import Tensor, nn


class Dora(Lora):
    """Train the size of each row of the weights, and its direction by a LoRA (Liu et al. 2024, arXiv:2402.09353).

    It comes nearer to full fine-tuning than `lora` at small ranks, for a slower step: the sizes of all rows of the weights
    are taken anew each time. It is merged like a LoRA.
    """

    name: ClassVar[str] = "dora"
    example: ClassVar[str] = "dora { rank = 8 }"

    def beside(self, layer: nn.Linear) -> nn.Module:
        from ...nn.adapters import Directed

        return Directed(layer, self.rank, self.scale, self.dropout)

    def merged(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        from ...nn.adapters import merged, moved_rows

        return merged(tensors, partial(moved_rows, scale=self.scale))
