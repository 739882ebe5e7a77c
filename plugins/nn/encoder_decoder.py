"""The body of models that read one sequence and write another.

B rows, S tokens of the source and T of the target a row, H hidden size, N heads, D head size.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from .attend import attend
from .block import Block
from .cache import Cache
from .context import Context
from .initial import initialise
from .norm import make_norm
from .positions import document_positions
from .relations import Related, RelativePositions, between, sinusoids
from .spec import Spec
from .visible import Visible

PairedPositionName = Literal["relative", "learned", "sinusoidal"]


class CrossAttention(nn.Module):
    """Attend from the target to what the encoder made of the source (Vaswani et al. 2017, arXiv:1706.03762)."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.heads, size = spec.heads, spec.heads * spec.head_size
        self.query = nn.Linear(spec.hidden_size, size, bias=spec.qkv_bias)
        self.key_value = nn.Linear(spec.hidden_size, 2 * size, bias=spec.qkv_bias)
        self.output = nn.Linear(size, spec.hidden_size, bias=spec.bias)

    def forward(self, states: Tensor, memory: Tensor | None, visible: Visible, cache: Cache | None = None) -> Tensor:
        """Map states (B, T, H), with the memory (B, S, H), to (B, T, H); a cache that has read needs no memory."""

        def of_memory() -> tuple[Tensor, Tensor]:
            assert memory is not None
            key, value = self.key_value(memory).chunk(2, dim=-1)
            return self._parted(key), self._parted(value)

        key, value = of_memory() if cache is None else cache.of_source(self, of_memory)
        mixed = attend(self._parted(self.query(states)), key, value, visible)
        return self.output(mixed.transpose(1, 2).flatten(2))

    def _parted(self, states: Tensor) -> Tensor:
        """Part states (B, L, N x D) into heads (B, N, L, D)."""
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class CrossBlock(Block):
    """A layer of the decoder: what it sees of the source is added between attention and feed-forward."""

    def __init__(self, spec: Spec, layer: int) -> None:
        super().__init__(spec, layer)
        self.cross_norm = make_norm(spec)
        self.cross = CrossAttention(spec)

    def forward(
        self, states: Tensor, context: Context, memory: Tensor | None = None, seen: Visible | None = None
    ) -> Tensor:
        """Map states (B, T, H), with the memory (B, S, H), to (B, T, H)."""
        assert seen is not None
        cache = context.cache
        if self.norm_first:
            states = states + self.dropout(self.attention(self.attention_norm(states), context))
            states = states + self.dropout(self.cross(self.cross_norm(states), memory, seen, cache))
            return states + self.dropout(self.feedforward(self.feedforward_norm(states), context))
        states = self.attention_norm(states + self.dropout(self.attention(states, context)))
        states = self.cross_norm(states + self.dropout(self.cross(states, memory, seen, cache)))
        return self.feedforward_norm(states + self.dropout(self.feedforward(states, context)))


class Positions(nn.Module):
    """Where the tokens of one stream stand: added to their embeddings, or to the scores of its attention."""

    def __init__(self, spec: Spec, name: PairedPositionName, buckets: int, distance: int) -> None:
        super().__init__()
        self.name, self.causal = name, spec.causal
        self.learned = nn.Embedding(spec.context_length, spec.hidden_size) if name == "learned" else None
        self.relative = RelativePositions(spec.heads, buckets, distance, spec.causal) if name == "relative" else None

    def added(self, states: Tensor, tokens: Tensor, segments: Tensor | None, past: int = 0) -> Tensor:
        """Add to the embeddings (B, L, H) of tokens (B, L) what says where they stand.

        `past` tokens a row were read before these; `segments` (B, past + L) has theirs too.
        """
        if self.learned is not None:
            return states + self.learned(document_positions(tokens, segments, past))
        if self.name == "sinusoidal":
            # They are of size one: embeddings of that size beside them are what the paper's factor makes.
            waves = sinusoids(document_positions(tokens, segments, past), states.shape[-1])
            return states * math.sqrt(states.shape[-1]) + waves.to(states.dtype)
        return states

    def visible(self, tokens: Tensor, segments: Tensor | None, past: int = 0) -> Visible:
        """Say who sees whom within the stream, of which `past` tokens a row were read before."""
        # Without segments there is a past only for a single token, and that sees all of it.
        usual = Visible(segments, self.causal and (past == 0 or segments is not None), past)
        if self.relative is None:
            return usual
        length, seen = past + tokens.shape[1], usual.dense()
        if seen is None and usual.causal:
            seen = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()[None, None]
        return Related(seen, self.relative(length, past))


class EncoderDecoder(nn.Module):
    """An encoder that reads the source both ways, and a decoder that reads it and the target so far (T5, Vaswani).

    Both share the embedding of their tokens. A document of the target sees the source's document of its number.
    """

    takes_cache = True
    streams: ClassVar[tuple[str, ...]] = ("source_tokens", "source_segments", "target_tokens", "target_segments")

    def __init__(
        self,
        source: Spec,
        target: Spec,
        vocab_size: int,
        positions: PairedPositionName,
        buckets: int,
        distance: int,
    ) -> None:
        super().__init__()
        self.hidden_size, self.context_length = source.hidden_size, source.context_length
        self.matrix_rate = source.initialisation.matrix_rate(source.hidden_size)
        self.embedding = nn.Embedding(vocab_size, source.hidden_size)
        self.dropout = nn.Dropout(source.dropout)
        self.encoder = nn.ModuleDict(
            {
                "positions": Positions(source, positions, buckets, distance),
                "blocks": nn.ModuleList(Block(source, layer) for layer in range(source.layers)),
            }
        )
        self.decoder = nn.ModuleDict(
            {
                "positions": Positions(target, positions, buckets, distance),
                "blocks": nn.ModuleList(CrossBlock(target, layer) for layer in range(target.layers)),
            }
        )
        # With the norm behind each addition the stream is normalised as it is.
        self.source_norm = make_norm(source) if source.norm_first else None
        self.target_norm = make_norm(target) if target.norm_first else None
        initialise(self, source)

    def forward(
        self,
        source_tokens: Tensor,
        source_segments: Tensor | None,
        target_tokens: Tensor,
        target_segments: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """Turn source tokens (B, S) and target tokens (B, T) into the hidden states of the target (B, T, H).

        Segments of the same shapes number the documents within a row from 1, 0 being padding; None says that every row is
        one document without padding. With a cache the target's tokens go on behind those that it holds, and the source,
        which is the same each time, is read in the first pass alone.
        """
        memory = self.encode(source_tokens, source_segments) if cache is None or not cache.length else None
        states, context = self._begun(self.decoder["positions"], target_tokens, target_segments, cache)
        lengths = target_tokens.shape[1], source_tokens.shape[1]
        seen = Related(between(target_segments, source_segments, lengths))
        for block in self.decoder["blocks"].children():
            states = block(states, context, memory, seen)
        return states if self.target_norm is None else self.target_norm(states)

    def encode(self, tokens: Tensor, segments: Tensor | None) -> Tensor:
        """Turn source tokens (B, S) into the states (B, S, H) that the decoder looks at."""
        states, context = self._begun(self.encoder["positions"], tokens, segments)
        for block in self.encoder["blocks"].children():
            states = block(states, context)
        return states if self.source_norm is None else self.source_norm(states)

    def _begun(
        self, positions: nn.Module, tokens: Tensor, segments: Tensor | None, cache: Cache | None = None
    ) -> tuple[Tensor, Context]:
        """Look up a stream's tokens and say who sees whom."""
        assert isinstance(positions, Positions)
        assert tokens.shape[1] <= self.context_length, f"{tokens.shape[1]} tokens, context {self.context_length}"
        past = 0
        if cache is not None:
            segments = cache.begin(tokens, segments)
            past = cache.past
        states = self.dropout(positions.added(self.embedding(tokens), tokens, segments, past))
        return states, Context(positions.visible(tokens, segments, past), cache=cache)
