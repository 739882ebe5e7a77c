"""The initialisation `depth_scaled`."""

from __future__ import annotations

import math
from typing import ClassVar

from ...models import Part
from .gpt2 import Gpt2


class DepthScaled(Gpt2):
    """As `gpt2`, but each layer's additions to the stream by its own depth: 1 / sqrt(2 x layer), counted from 1.

    The stream grows by the same share in every layer, so that deep models start more calmly (Zhang, Titov & Sennrich
    2019, arXiv:1908.11365, for what adds to the stream; OLMo, arXiv:2402.00838).
    """

    name: ClassVar[str] = "depth_scaled"
    example: ClassVar[str] = "depth_scaled()"

    def deviation(self, part: Part, width: int, layer: int, layers: int) -> float:
        deviation = super().deviation("hidden", width, layer, layers)
        return deviation / math.sqrt(2 * (layer + 1)) if part == "output" else deviation
