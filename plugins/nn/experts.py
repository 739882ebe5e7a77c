"""A feed-forward layer of many experts, a few of which read each token.

B rows, L tokens a row, T = B x L, H hidden size, F inner size, E experts, K experts of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .context import Context
from .feedforward import ACTIVATIONS
from .grouped import grouped_matmul
from .spec import GATED, Spec


class Experts(nn.Module):
    """A mixture of experts (Shazeer et al. 2017, arXiv:1701.06538; Mixtral, Jiang et al. 2024, arXiv:2401.04088).

    Each token goes to the K experts that the router gives most, whose outputs are added up, weighted by the router's
    probabilities among those K. No token is dropped, and all shapes are fixed: tokens are sorted by expert.
    """

    def __init__(self, spec: Spec, experts: int, top_k: int, balance: float) -> None:
        super().__init__()
        self.experts, self.top_k, self.balance = experts, top_k, balance
        self.bend = ACTIVATIONS[spec.activation]
        size, inner = spec.hidden_size, spec.ffn_size
        self.router = nn.Linear(size, experts, bias=False)
        gated = spec.activation in GATED
        self.gate = nn.Parameter(torch.empty(experts, size, inner)) if gated else None
        self.up = nn.Parameter(torch.empty(experts, size, inner))
        self.output = nn.Parameter(torch.empty(experts, inner, size))

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map (B, L, H) to (B, L, H)."""
        rows, length, size = states.shape
        scores = self.router(states).float()  # (B, L, E)
        kept, chosen = scores.topk(self.top_k, dim=-1)  # (B, L, K)
        if self.training and self.balance:
            context.auxiliary.append(self.balance * imbalance(scores, chosen, context.visible.segments))
        # Softmax over the K alone is softmax over all, divided by what the K have of it.
        weights = kept.softmax(dim=-1).flatten().unsqueeze(1)  # (T x K, 1)
        order = chosen.flatten().argsort(stable=True)  # by expert
        counts = torch.zeros(self.experts, dtype=torch.int32, device=states.device)
        counts = counts.scatter_add(0, chosen.flatten(), torch.ones_like(order, dtype=torch.int32))
        ends = counts.cumsum(0, dtype=torch.int32)
        sorted_rows = states.reshape(-1, size).index_select(0, order // self.top_k)
        made = self._expert(sorted_rows, ends) * weights.index_select(0, order).to(states.dtype)
        mixed = torch.zeros(rows * length, size, dtype=made.dtype, device=made.device)
        return mixed.index_add(0, order // self.top_k, made).view(rows, length, size)

    def _expert(self, rows: Tensor, ends: Tensor) -> Tensor:
        """Send rows (T x K, H), sorted by expert, through their experts."""
        device = rows.device.type
        if device != "meta" and torch.is_autocast_enabled(device):
            rows = rows.to(torch.get_autocast_dtype(device))
        if self.gate is None:
            inner = self.bend(grouped_matmul(rows, self.up.to(rows.dtype), ends))
        else:
            inner = self.bend(grouped_matmul(rows, self.gate.to(rows.dtype), ends))
            inner = inner * grouped_matmul(rows, self.up.to(rows.dtype), ends)
        return grouped_matmul(inner, self.output.to(rows.dtype), ends)


def imbalance(scores: Tensor, chosen: Tensor, segments: Tensor | None) -> Tensor:
    """Tell for each row how unevenly it uses the experts: (B,), 1 where all are used alike, E where one is.

    Of scores (B, L, E) and the chosen experts (B, L, K): the sum over experts of the share of tokens that go there
    times their mean probability, times E (Switch Transformers, Fedus et al. 2021, arXiv:2101.03961). Within each row,
    as DeepSeek-V3 has it (arXiv:2412.19437), so that micro-batches add up to the batch. Padding doesn't count.
    """
    experts = scores.shape[-1]
    used = torch.zeros_like(scores).scatter(-1, chosen, 1.0 / chosen.shape[-1])
    probabilities = scores.softmax(dim=-1)
    if segments is None:
        return experts * (used.mean(dim=1) * probabilities.mean(dim=1)).sum(dim=-1)
    real = segments.ne(0).to(scores.dtype).unsqueeze(-1)
    tokens = real.sum(dim=1).clamp(min=1)
    share, mean = (used * real).sum(dim=1) / tokens, (probabilities * real).sum(dim=1) / tokens
    return experts * (share * mean).sum(dim=-1)
