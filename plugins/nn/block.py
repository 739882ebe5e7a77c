"""One layer of a transformer."""

from __future__ import annotations

from torch import Tensor, nn

from .attention import Attention
from .context import Context
from .norm import make_norm
from .spec import Spec


class Block(nn.Module):
    """Attention, then feed-forward, each added to the stream.

    The norm stands before each of them (Xiong et al. 2020, arXiv:2002.04745) or, with `norm_first` off, behind each
    addition as in the first transformer and in BERT. Dropout falls on what is added. What the layer sees, is
    the context's: all of its document, or a sliding window.
    """

    def __init__(self, spec: Spec, layer: int) -> None:
        super().__init__()
        self.norm_first = spec.norm_first
        # What comes out of a norm over the embeddings needs no second one (ModernBERT).
        normed = spec.norm_first and spec.embedding_norm and layer == 0
        self.attention_norm = nn.Identity() if normed else make_norm(spec)
        self.attention = Attention(spec)
        self.feedforward_norm = make_norm(spec)
        self.feedforward = spec.feedforward.build(spec)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, states: Tensor, context: Context) -> Tensor:
        """Map states (B, L, H) to (B, L, H), or to (B, K, H) where the context picks positions."""
        kept = states if context.picked is None else context.picked.of(states)
        if self.norm_first:
            states = kept + self.dropout(self.attention(self.attention_norm(states), context))
            return states + self.dropout(self.feedforward(self.feedforward_norm(states), context))
        states = self.attention_norm(kept + self.dropout(self.attention(states, context)))
        return self.feedforward_norm(states + self.dropout(self.feedforward(states, context)))
