"""Pointing to pieces of a text: where an answer starts and ends.

B rows, L tokens a row, H hidden size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..models import Shape
from .initial import draw

_DEVIATION = 0.02


class SpanHead(nn.Module):
    """Score each token as the first and as the last one of an answer (Devlin et al. 2019, section 4.2).

    Without a bias: what is added to all tokens of a row alike changes no softmax over them.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.linear = nn.Linear(shape.hidden_size, 2, bias=False)
        draw(self.linear, _DEVIATION if shape.readout is None else shape.readout)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Give the scores (B, L) of hidden states (B, L, H), in float32."""
        start, end = self.linear(hidden).float().unbind(-1)
        return start, end


def pointing_loss(start: Tensor, end: Tensor, allowed: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Sum over rows the mean of the cross-entropies of first (B,) and last (B,), among the allowed places (B, L)."""
    losses = [
        F.cross_entropy(scores.masked_fill(~allowed, -torch.inf), place, reduction="sum")
        for scores, place in ((start, first), (end, last))
    ]
    return (losses[0] + losses[1]) / 2


def best_spans(start: Tensor, end: Tensor, allowed: Tensor, most: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find the spans of at most `most` tokens whose two scores add up to most: scores, first and last token, (B, count).

    All spans are looked at. Where a row has fewer of them the rest has the score -inf.
    """
    length = start.shape[1]
    most = min(most, length)
    first = start.masked_fill(~allowed, -torch.inf)
    last = F.pad(end.masked_fill(~allowed, -torch.inf), (0, most - 1), value=-torch.inf)
    together = first.unsqueeze(-1) + last.unfold(1, most, 1)  # (B, L, most)
    scores, places = together.flatten(1).topk(min(count, length * most), dim=1)
    begins = places.div(most, rounding_mode="floor")
    return scores, begins, begins + places % most
