"""What decoders and encoders share: their fields, their sizes, their costs."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ...component import Place
from ...nn import MOST_LOGITS
from ...values import Model, Shape
from ...work import Recompute

if TYPE_CHECKING:
    from torch import nn

MOST_PARAMETERS = 2**40
"""Beyond this a model is a slip of the keyboard, and is refused before anything is computed from it."""


class TransformerModel(Model):
    """The base of models made of attention and feed-forward layers."""

    layers: Annotated[int, Field(gt=0, description="Blocks, one above the other")]
    hidden_size: Annotated[int, Field(gt=0, description="Width of the hidden states")]
    heads: Annotated[int, Field(gt=0, description="Attention heads; they divide `hidden_size`")]
    context_length: Annotated[int, Field(ge=4, le=2**24, description="The most tokens that a row may have")]
    dropout: Annotated[float, Field(ge=0, lt=1, description="On the embeddings and on what each layer adds")] = 0.0
    kv_heads: Annotated[
        int | None, Field(gt=0, description="Key-value heads, shared by groups of heads; none is one for each head")
    ] = None
    ffn_size: Annotated[
        int | None,
        Field(gt=0, description="Inner width of the feed-forward layers; none is 4 x hidden_size, 8/3 with swiglu"),
    ] = None
    norm: Annotated[Literal["layer_norm", "rms_norm"], Field(description="The sort of norm")] = "layer_norm"
    activation: Annotated[Literal["gelu", "swiglu"], Field(description="Of the feed-forward layers")] = "gelu"
    positions: Annotated[
        Literal["learned", "rope"], Field(description="An embedding for each position, or rotary embeddings")
    ] = "learned"
    bias: Annotated[bool, Field(description="Whether linear layers and norms have biases")] = True
    tied_embeddings: Annotated[
        bool, Field(description="Whether the projection to the vocabulary is the token embedding itself")
    ] = True

    @property
    @abstractmethod
    def norm_first(self) -> bool:
        """Whether the norms stand before what a layer adds, or behind the addition."""

    @property
    def shape(self) -> Shape:
        return Shape(self.hidden_size, self.context_length, self.attention, self.tied_embeddings, self.dropout)

    @property
    def inner_size(self) -> int:
        """The inner width of the feed-forward layers."""
        if self.ffn_size is not None:
            return self.ffn_size
        if self.activation == "gelu":
            return 4 * self.hidden_size
        # Three matrices in the place of two: 8/3 keeps the parameters of 4, in whole multiples of 64 for the kernels.
        return -(-8 * self.hidden_size // (3 * 64)) * 64

    @property
    def kv_size(self) -> int:
        """The width of the keys, and of the values."""
        return (self.kv_heads or self.heads) * (self.hidden_size // self.heads)

    def derived(self) -> dict[str, int]:
        """Give the sizes that follow from the others."""
        sizes = {"head_size": self.hidden_size // self.heads}
        sizes |= {"kv_heads": self.heads} if self.kv_heads is None else {}
        return sizes | ({"ffn_size": self.inner_size} if self.ffn_size is None else {})

    def check(self, place: Place) -> None:
        """Report sizes that don't go together, and models that no machine holds."""
        values = {"heads": self.heads, "hidden_size": self.hidden_size, "kv_heads": self.kv_heads}
        if self.hidden_size % self.heads:
            nearest = min(self._fitting_heads(), key=lambda heads: abs(heads - self.heads))
            place.error("heads", "L0520", values | {"nearest": nearest}, help="L0520.help")
        elif self.positions == "rope" and (self.hidden_size // self.heads) % 2:
            place.error("positions", "L0522", values | {"size": self.hidden_size // self.heads}, help="L0522.help")
        if self.kv_heads is not None and self.heads % self.kv_heads:
            place.error("kv_heads", "L0521", values, help="L0521.help")
        parameters = self.parameters(vocab_size=1)
        if parameters > MOST_PARAMETERS:
            # From the bits, because such a number may be too large for a float, and for writing it out.
            exponent = int(parameters.bit_length() * math.log10(2))
            place.error(None, "L0523", {"exponent": exponent}, help="L0523.help")

    def _fitting_heads(self) -> list[int]:
        """Give the numbers of heads that divide the hidden size, as far as any model has them."""
        return [heads for heads in range(1, min(self.hidden_size, 1024) + 1) if self.hidden_size % heads == 0]

    def _matrices(self) -> int:
        """Count the weights of one layer's matrices."""
        attention = self.hidden_size * (2 * self.hidden_size + 2 * self.kv_size)
        return attention + (3 if self.activation == "swiglu" else 2) * self.hidden_size * self.inner_size

    def parameters(self, vocab_size: int) -> int:
        norm = self.hidden_size * (2 if self.norm == "layer_norm" and self.bias else 1)
        biases = 0
        if self.bias:
            inner = (2 if self.activation == "swiglu" else 1) * self.inner_size
            biases = 3 * self.hidden_size + 2 * self.kv_size + inner
        embeddings = vocab_size * (1 if self.tied_embeddings else 2)
        if self.positions == "learned":
            embeddings += self.context_length
        return self.layers * (self._matrices() + biases + 2 * norm) + norm + embeddings * self.hidden_size

    def flops_per_token(self, vocab_size: int, length: int) -> float:
        """Give the operations of a forward pass a token; attention counts in full, causal or not.

        Two for each weight of a matrix, the projection to the vocabulary included (0 leaves it out), and in each
        layer two for each pair of tokens in a row, for the scores and for the mixing.
        """
        attention = 4 * length * self.hidden_size
        return float(self.layers * (2 * self._matrices() + attention) + 2 * vocab_size * self.hidden_size)

    def activation_bytes(self, vocab_size: int, rows: int, length: int, recompute: Recompute = "none") -> int:
        """Estimate what a forward pass keeps, with attention kernels that don't keep the scores.

        Tests hold it against the tensors that autograd really keeps, to 15 %. The logits count twice, because their
        gradient is as large and comes first.
        """
        norm = self.hidden_size * (3 if self.norm == "rms_norm" else 2)
        dropout = self.hidden_size if self.dropout else 0
        attention = 2 * self.hidden_size + 2 * self.kv_size  # queries, keys, values, and what they mix
        if self.kv_size != self.hidden_size:
            attention += 2 * self.hidden_size  # keys and values repeated for each head
        if self.positions == "rope":
            attention += 2 * self.hidden_size  # queries and keys before they are turned
        inner = (4 if self.activation == "swiglu" else 2) * self.inner_size
        layer = 2 * norm + 2 * dropout + attention + inner
        # What of a layer is kept when the rest is computed again: its input, and the products of its matrices.
        kept = {"none": layer, "block": self.hidden_size, "selective": 3 * self.hidden_size + attention + inner // 2}
        token = self.layers * kept[recompute] + (layer if recompute != "none" else 0) + norm + dropout
        logits = 2 * min(rows * length * vocab_size, MOST_LOGITS)
        return 4 * (rows * length * token + logits)

    def body(self, vocab_size: int) -> nn.Module:
        from ...nn.transformer import Transformer

        return Transformer(
            vocab_size=vocab_size,
            layers=self.layers,
            hidden_size=self.hidden_size,
            heads=self.heads,
            kv_heads=self.kv_heads or self.heads,
            ffn_size=self.inner_size,
            context_length=self.context_length,
            dropout=self.dropout,
            norm=self.norm,
            activation=self.activation,
            positions=self.positions,
            bias=self.bias,
            causal=self.attention == "causal",
            norm_first=self.norm_first,
        )
