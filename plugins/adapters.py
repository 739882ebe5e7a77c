"""The base of adapters: a few weights that are trained beside a body whose own weights stay.

Torch is named here in annotations only.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from .component import Component, Place
from .models import Model
from .values import Objective

if TYPE_CHECKING:
    import torch
    from torch import nn

MARK = ".adapter."
"""What stands in the names of an adapter's weights, behind the module that it was put into."""

Bits = Literal["int8", "nf4"]
"""What weights that stay may be held in: 8 bits and a scale for each row, or 4 bits and a scale for each block."""
BLOCK = 64
"""Weights that share a scale in nf4."""


class Adapter(Component):
    """What is trained in the place of a body's weights.

    What it adds to a body is called `MODULE.adapter.…`, and the body's own weights keep their names. It is drawn from torch's
    current random state, on the device of the module.
    """

    kind: ClassVar[str] = "adapter"
    merges: ClassVar[bool] = True
    """Whether it can become part of the weights that it changes, so that nothing of it is left (see `merged`)."""

    def check_model(self, place: Place, model: Model, objective: Objective, field: str) -> None:
        """Report what keeps it from a model or an objective; `field` is where the adapter stands."""

    @abstractmethod
    def adapt(self, body: nn.Module) -> None:
        """Put its modules into a body. Raises TaskFailed for a body that it doesn't fit."""

    def hold(self, body: nn.Module) -> None:
        """Have an adapted body hold its own weights, which are loaded by now, in fewer bits; by default as they are."""

    def spared(self, body: nn.Module) -> int:
        """Give the bytes that `hold` spares of a body, which may be on the device `meta`."""
        return 0

    def merged(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Give the weights of a plain network that does what the adapted one does; those of the adapter are gone."""
        raise NotImplementedError(f"{self.name} is called only if it merges")
