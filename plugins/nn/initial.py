"""First values of the weights."""

from __future__ import annotations

import math

from torch import nn

GPT2_DEVIATION, GPT2_WIDTH = 0.02, 768


def deviation(width: int) -> float:
    """Give the standard deviation of first weights: GPT-2's 0.02 at its width of 768, and as 1 / sqrt(width) elsewhere.

    0.02 at a width of 128 makes embeddings so small that the first hundreds of steps go into growing them
    (docs/log.md); at 4,096 it is larger than what such models start from.
    """
    return GPT2_DEVIATION * math.sqrt(GPT2_WIDTH / width)


def initialise(module: nn.Module, layers: int, deviation: float) -> None:
    """Draw the weights as GPT-2 does (Radford et al. 2019, section 2.3).

    Normal, biases zero; the projections that add to the stream (`output`) are scaled by 1 / sqrt(2 x layers), so that
    the stream's variance doesn't grow with depth.
    """
    for name, part in module.named_modules():
        if isinstance(part, nn.Linear):
            scale = 1 / math.sqrt(2 * layers) if name.endswith(".output") else 1.0
            nn.init.normal_(part.weight, std=deviation * scale)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=deviation)
