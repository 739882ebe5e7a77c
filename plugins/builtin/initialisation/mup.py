"""The initialisation `mup`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ...models import Part
from .gpt2 import Gpt2


class Mup(Gpt2):
    """The maximal update parametrisation: the best learning rate of a narrow model is that of a wide one.

    Yang et al. 2022 (arXiv:2203.03466, table 3, for Adam): embeddings start alike at every width, other matrices by
    1 / sqrt(width), the projection to the vocabulary at zero; the learning rate of matrices is multiplied by
    base_width / hidden_size; attention is divided by the size of a head instead of its root (both are the same for heads
    of 64). At the width `base_width` the learning rate is the file's own. Keep the size of heads and the depth when the width grows. A tied
    embedding can't follow both rules at once, so `tied_embeddings = false`.
    """

    name: ClassVar[str] = "mup"
    example: ClassVar[str] = "mup { base_width = 256 }"

    base_width: Annotated[int, Field(gt=0, description="The hidden size at which the learning rate was tuned")] = 256

    def deviation(self, part: Part, width: int, layer: int, layers: int) -> float:
        return super().deviation(part, self.base_width if part == "embedding" else width, layer, layers)

    def readout(self, width: int) -> float | None:
        return 0.0

    def matrix_rate(self, width: int) -> float:
        return self.base_width / width

    def attention_scale(self, head_size: int) -> float | None:
        return 64**0.5 / head_size
