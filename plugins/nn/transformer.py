"""The body of decoders and encoders: tokens in, hidden states out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from .block import Block
from .cache import Cache
from .context import Context
from .gather import gather_positions
from .initial import initialise
from .norm import make_norm
from .picked import Picked, PickedApart
from .positions import document_positions, rotary_angles
from .spec import Spec
from .unpadded import Apart, Unpadded
from .visible import Visible


class Transformer(nn.Module):
    """A stack of blocks over embedded tokens, causal (GPT, Llama) or looking both ways (BERT).

    B rows, L tokens a row (at most `context_length`), H hidden size, V vocabulary size.
    """

    takes_cache = True
    takes_positions = True
    streams: ClassVar[tuple[str, ...]] = ("tokens", "segments", "prefix", "types")

    def __init__(self, spec: Spec, vocab_size: int) -> None:
        super().__init__()
        self.spec, self.hidden_size, self.context_length = spec, spec.hidden_size, spec.context_length
        self.matrix_rate = spec.initialisation.matrix_rate(spec.hidden_size)
        self.embedding = nn.Embedding(vocab_size, spec.hidden_size)
        learned = spec.positions == "learned"
        self.position_embedding = nn.Embedding(spec.context_length, spec.hidden_size) if learned else None
        self.type_embedding = nn.Embedding(spec.token_types, spec.hidden_size) if spec.token_types else None
        self.embedding_norm = make_norm(spec) if spec.embedding_norm else None
        self.blocks = nn.ModuleList(Block(spec, layer) for layer in range(spec.layers))
        # With the norm behind each addition the stream is normalised as it is.
        self.final_norm = make_norm(spec) if spec.norm_first else None
        self.dropout = nn.Dropout(spec.dropout)
        self.auxiliary: Tensor | None = None
        """What the layers of the last forward pass in training add to the loss, for each row: (B,)."""
        initialise(self, spec)

    def forward(
        self,
        tokens: Tensor,
        segments: Tensor | None = None,
        prefix: Tensor | None = None,
        types: Tensor | None = None,
        cache: Cache | None = None,
        at: Tensor | None = None,
    ) -> Tensor:
        """Turn tokens (B, L) into hidden states (B, L, H), or into those at the positions `at` (B, K): (B, K, H).

        `segments` (B, L) numbers the documents within a row from 1, 0 being padding; None says that every row is one
        document without padding, which takes the faster kernels. `prefix` (B, L) is true for the tokens that all of
        their document sees; None is none, and where all see all it says nothing. `types` (B, L) says which of two texts
        a token is of (0 or 1), for models that have `token_types`; None is all 0. With a cache the tokens go on behind
        those that it holds.
        """
        assert tokens.shape[1] <= self.context_length, f"{tokens.shape[1]} tokens, context {self.context_length}"
        past = 0
        if cache is not None:
            segments = cache.begin(tokens, segments)
            past = cache.past
        positions = document_positions(tokens, segments, past)
        unpadded = self._unpadded(segments, prefix) if cache is None else None
        if unpadded is not None:
            tokens, positions = unpadded.flat(tokens), unpadded.flat(positions)
            types = None if types is None else unpadded.flat(types)
        states = self._embedded(tokens, positions, types)
        auxiliary: list[Tensor] = []
        contexts = {}
        for local in self._sorts():
            if unpadded is not None:
                visible: Visible = Apart(unpadded.lengths, self.spec.causal)
            else:
                visible = self._visible(local, tokens, segments, past, prefix)
            contexts[local] = Context(visible, self._angles(local, positions), cache, auxiliary)
        last = contexts[self.spec.is_local(self.spec.layers - 1)]
        picked = self._picked(at, last.visible, unpadded)
        for layer, block in enumerate(self.blocks[:-1]):
            states = block(states, contexts[self.spec.is_local(layer)])
        states = self.blocks[-1](states, replace(last, picked=picked))
        self.auxiliary = torch.stack(auxiliary).sum(dim=0) if auxiliary else None
        states = states if self.final_norm is None else self.final_norm(states)
        if picked is not None:
            return picked.back(states)
        states = states if unpadded is None else unpadded.rows(states)
        return states if at is None else gather_positions(states, at)

    def _unpadded(self, segments: Tensor | None, prefix: Tensor | None) -> Unpadded | None:
        """Say where the tokens are, if the padding between them can be left out, and that is worth while."""
        spec = self.spec
        if segments is None or segments.device.type != "cpu" or torch.compiler.is_compiling():
            return None
        if not spec.feedforward.by_token or (spec.causal and prefix is not None):
            return None
        found = Unpadded(segments)
        window = spec.sliding_window
        hides = window is not None and max(found.lengths, default=0) > window
        return found if found.pays and not hides else None

    def _picked(self, at: Tensor | None, visible: Visible, unpadded: Unpadded | None) -> Picked | None:
        """Say what the last layer is made of, if not all of it is read; experts see all tokens, to share them out."""
        if at is None or not self.spec.feedforward.by_token:
            return None
        return Picked(at, visible) if unpadded is None else PickedApart(at, unpadded, visible)

    def _embedded(self, tokens: Tensor, positions: Tensor, types: Tensor | None) -> Tensor:
        """Look up tokens, positions and types, added up and, if the model says so, normalised."""
        states = self.embedding(tokens)
        if self.position_embedding is not None:
            states = states + self.position_embedding(positions)
        if self.type_embedding is not None:
            states = states + self.type_embedding(torch.zeros_like(tokens) if types is None else types)
        if self.embedding_norm is not None:
            states = self.embedding_norm(states)
        return self.dropout(states)

    def _sorts(self) -> list[bool]:
        """Give the sorts of layers that there are: global, local, or both."""
        return sorted({self.spec.is_local(layer) for layer in range(self.spec.layers)})

    def _visible(
        self, local: bool, tokens: Tensor, segments: Tensor | None, past: int, prefix: Tensor | None
    ) -> Visible:
        """Make the mask of a sort of layers."""
        causal, window = self.spec.causal, self.spec.sliding_window if local else None
        length = past + tokens.shape[1]
        if window is not None and length <= window:
            window = None  # it hides nothing
        if window is not None and segments is None:
            segments = torch.ones(1, length, dtype=torch.long, device=tokens.device)
        # Without segments there is a past only for a single token, and that sees all of it.
        return Visible(segments, causal and (past == 0 or segments is not None), past, prefix, window)

    def _angles(self, local: bool, positions: Tensor) -> tuple[Tensor, Tensor] | None:
        """Make the rotations of a sort of layers."""
        spec = self.spec
        if spec.positions != "rope":
            return None
        base = spec.local_rope_base if local else spec.rope_base
        # Beside global layers, a window is short enough for the frequencies as they are.
        scaling = None if local and "global" in spec.layer_pattern else spec.rope_scaling
        return rotary_angles(positions, spec.head_size, base, scaling)
