"""The body of decoders and encoders: tokens in, hidden states out."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn

from .block import Block
from .cache import Cache
from .context import Context
from .feedforward import ActivationName
from .initial import deviation, initialise
from .norm import NormName, make_norm
from .positions import document_positions, rotary_angles
from .visible import Visible

PositionName = Literal["learned", "rope"]


class Transformer(nn.Module):
    """A stack of blocks over embedded tokens, causal (GPT, Llama) or looking both ways (BERT).

    B rows, L tokens a row (at most `context_length`), H hidden size, V vocabulary size.
    """

    takes_cache = True
    streams: ClassVar[tuple[str, ...]] = ("tokens", "segments", "prefix")

    def __init__(
        self,
        *,
        vocab_size: int,
        layers: int,
        hidden_size: int,
        heads: int,
        kv_heads: int,
        ffn_size: int,
        context_length: int,
        dropout: float,
        norm: NormName,
        activation: ActivationName,
        positions: PositionName,
        bias: bool,
        causal: bool,
        norm_first: bool,
    ) -> None:
        super().__init__()
        self.hidden_size, self.context_length, self.causal = hidden_size, context_length, causal
        self.head_size = hidden_size // heads
        self.embedding = nn.Embedding(vocab_size, hidden_size)
        self.position_embedding = nn.Embedding(context_length, hidden_size) if positions == "learned" else None
        # With the norm behind each addition the stream starts normalised; with the norm before, it ends so.
        self.first_norm = None if norm_first else make_norm(norm, hidden_size, bias)
        self.final_norm = make_norm(norm, hidden_size, bias) if norm_first else None
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(hidden_size, heads, kv_heads, ffn_size, dropout, norm, activation, bias, norm_first)
            for _ in range(layers)
        )
        initialise(self, layers, deviation(hidden_size))

    def forward(
        self,
        tokens: Tensor,
        segments: Tensor | None = None,
        prefix: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """Turn tokens (B, L) into hidden states (B, L, H).

        `segments` (B, L) numbers the documents within a row from 1, 0 being padding; None says that every row is one
        document without padding, which takes the faster kernels. `prefix` (B, L) is true for the tokens that all of
        their document sees; None is none, and where all see all it says nothing. With a cache the tokens go on behind those that it holds.
        """
        assert tokens.shape[1] <= self.context_length, f"{tokens.shape[1]} tokens, context {self.context_length}"
        past = 0
        if cache is not None:
            segments = cache.begin(tokens, segments)
            past = cache.past
        positions = document_positions(tokens, segments, past)
        states = self.embedding(tokens)
        angles = None
        if self.position_embedding is None:
            angles = rotary_angles(positions, self.head_size)
        else:
            states = states + self.position_embedding(positions)
        if self.first_norm is not None:
            states = self.first_norm(states)
        states = self.dropout(states)
        # Without segments there is a past only for a single token, and that sees all of it.
        causal = self.causal and (past == 0 or segments is not None)
        context = Context(Visible(segments, causal, past, prefix), angles, cache)
        for block in self.blocks:
            states = block(states, context)
        return states if self.final_norm is None else self.final_norm(states)
