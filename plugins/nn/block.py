"""One layer of a transformer."""

from __future__ import annotations

from torch import Tensor, nn

from .attention import Attention
from .context import Context
from .feedforward import ActivationName, make_feedforward
from .norm import NormName, make_norm


class Block(nn.Module):
    """Attention, then feed-forward, each added to the stream.

    The norm stands before each of them (Xiong et al. 2020, arXiv:2002.04745) or, with `norm_first` off, behind each
    addition as in the first transformer and in BERT. Dropout falls on what is added.
    """

    def __init__(
        self,
        hidden_size: int,
        heads: int,
        kv_heads: int,
        ffn_size: int,
        dropout: float,
        norm: NormName,
        activation: ActivationName,
        bias: bool,
        norm_first: bool,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attention_norm = make_norm(norm, hidden_size, bias)
        self.attention = Attention(hidden_size, heads, kv_heads, bias)
        self.feedforward_norm = make_norm(norm, hidden_size, bias)
        self.feedforward = make_feedforward(activation, hidden_size, ffn_size, bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map states (B, L, H) to (B, L, H)."""
        if self.norm_first:
            states = states + self.dropout(self.attention(self.attention_norm(states), context))
            return states + self.dropout(self.feedforward(self.feedforward_norm(states)))
        states = self.attention_norm(states + self.dropout(self.attention(states, context)))
        return self.feedforward_norm(states + self.dropout(self.feedforward(states)))
