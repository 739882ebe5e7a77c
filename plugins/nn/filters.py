"""What decodings do with logits before a token is drawn. B rows, V vocabulary size; logits are float32."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make tokens that were seen (B, V) less likely (CTRL, Keskar et al. 2019, arXiv:1909.05858).

    A positive logit is divided by the penalty, a negative one multiplied, as in transformers.
    """
    if penalty == 1:
        return logits
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def keep_top_k(logits: Tensor, count: int | None) -> Tensor:
    """Keep the so many likeliest tokens (Fan et al. 2018, arXiv:1805.04833), and those as likely as the last of them."""
    if count is None or count >= logits.shape[-1]:
        return logits
    least = logits.topk(count, dim=-1).values[:, -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def keep_top_p(logits: Tensor, share: float | None) -> Tensor:
    """Keep the fewest tokens that together have this probability: nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751)."""
    if share is None or share >= 1:
        return logits
    chances, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    # A token stays if those before it don't reach the probability yet, so the first always stays.
    beyond = chances.cumsum(dim=-1) - chances >= share
    return logits.masked_fill(torch.zeros_like(beyond).scatter(1, order, beyond), -torch.inf)


def keep_min_p(logits: Tensor, share: float | None) -> Tensor:
    """Keep tokens at least this share as likely as the likeliest (Nguyen et al. 2024, arXiv:2407.01082)."""
    if not share:
        return logits
    return logits.masked_fill(logits < logits.amax(dim=-1, keepdim=True) + math.log(share), -torch.inf)


def draw(logits: Tensor, uniform: Tensor) -> Tensor:
    """Draw a token a row (B,) by its probability, from one number of [0, 1) each (B,)."""
    wide = torch.float32 if logits.device.type == "mps" else torch.float64
    reached = logits.to(wide).softmax(dim=-1).cumsum(dim=-1)
    # Against the last sum, which rounding keeps from being one.
    wanted = uniform.to(wide).unsqueeze(1) * reached[:, -1:]
    return (reached > wanted).int().argmax(dim=-1)
