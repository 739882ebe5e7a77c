"""The bases of a model and of what it is made of: its description, first weights, positions and feed-forward layers.

Torch is named here in annotations only.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from ..dsl.record import Record
from .component import Component
from .work import Recompute

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .nn.spec import Spec


class Model(Component):
    """A body: what turns tokens into hidden states.

    The module that `body` makes is called as `body(tokens, segments)` and gives hidden states (B, L, hidden_size);
    one that reads other arrays of a batch names them in its attribute `streams`, by default ("tokens", "segments"),
    in the order of its arguments. `tokens` is (B, L) integers. `segments` is (B, L): 0 is padding, 1… numbers the
    document within the row; None says that every row is one document without padding. It builds its own attention and
    positions (counted from the start of each document) from them. It has the attributes `hidden_size` (int) and
    `embedding` (the nn.Embedding of the tokens). One that can go on from what it has read says so with the attribute
    `takes_cache = True`, and is then also called as `body(…, cache=cache)` (plugins/nn/cache.py): without it, each
    token that is written costs a pass over the whole text.
    """

    kind: ClassVar[str] = "model"
    attention: ClassVar[str] = "causal"
    """causal, bidirectional or encoder_decoder."""
    takes_prefix: ClassVar[bool] = False
    """Whether its body reads the stream `prefix` (B, L): true for tokens that all of their document sees."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """Give what an objective may know of the model before it is built."""

    @abstractmethod
    def parameters(self, vocab_size: int) -> int:
        """Count the parameters of the body with its vocabulary projection, if that is its own."""

    def active_parameters(self, vocab_size: int) -> int:
        """Count the parameters that a token goes through: fewer than all where experts share the tokens."""
        return self.parameters(vocab_size)

    @abstractmethod
    def flops_per_token(self, vocab_size: int, length: int) -> float:
        """Give the floating-point operations of one forward pass a token, in rows of `length` tokens."""

    @abstractmethod
    def activation_bytes(self, vocab_size: int, rows: int, length: int, recompute: Recompute = "none") -> int:
        """Estimate the most bytes that a forward pass keeps for the backward, in float32.

        `recompute` says what layers compute again: then the one that does so counts in full.
        """

    def linear_layers(self) -> Mapping[str, tuple[int, int]] | None:
        """Give the body's nn.Linear layers by name, with the width of what goes in and of what comes out.

        By it adapters are checked before anything is built; None says that it is known only then.
        """
        return None

    @abstractmethod
    def body(self, vocab_size: int) -> nn.Module:
        """Build the module, initialised from torch's current random state on torch's current default device."""


class Shape(Record):
    """The description of a model that encodings and heads are made from."""

    hidden_size: int
    context_length: int
    attention: str
    tied_embeddings: bool = True
    dropout: float = 0.0
    norm_eps: float = 1e-5
    """What norms of heads add to the variance."""
    bias: bool = True
    """Whether linear layers and norms of heads have biases."""
    readout: float | None = None
    """The standard deviation of the first weights that project to the vocabulary or to classes; None is the head's own."""


Part = Literal["embedding", "hidden", "output"]
"""What a matrix of a body does: looks up, maps, or maps and adds to the stream."""


class Initialisation(Component):
    """The scales of a model's first weights, and what goes with them."""

    kind: ClassVar[str] = "initialisation"

    @abstractmethod
    def deviation(self, part: Part, width: int, layer: int, layers: int) -> float:
        """Give the standard deviation of the first weights of a matrix, by the hidden size and its layer (from 0)."""

    def readout(self, width: int) -> float | None:
        """Give the standard deviation of the first weights that project to the vocabulary; None is the head's own.

        One of its own can't be had by a projection that is the embedding itself.
        """
        return None

    def matrix_rate(self, width: int) -> float:
        """Give what the learning rate of matrices (of all but embeddings, norms and biases) is multiplied by."""
        return 1.0

    def attention_scale(self, head_size: int) -> float | None:
        """Give what the products of queries and keys are multiplied by; None is 1 / sqrt(head_size)."""
        return None


class RopeScaling(Component):
    """How rotary embeddings are stretched to a longer context than a model was trained with."""

    kind: ClassVar[str] = "rope_scaling"

    @abstractmethod
    def scaled(self, frequencies: torch.Tensor, base: float) -> torch.Tensor:
        """Give other frequencies (D / 2,) for those of a rotary embedding of this base, in radians a token."""

    @property
    def magnitude(self) -> float:
        """Give what queries and keys are multiplied by."""
        return 1.0


class FeedForward(Component):
    """The feed-forward half of a transformer's layer. The counts are those of one layer.

    The module that `build` makes is called as `module(states, context)` and maps (B, L, H) to (B, L, H).
    """

    kind: ClassVar[str] = "feedforward"
    by_token: ClassVar[bool] = False
    """Whether its module does the same to each token by itself, whatever stands beside it: padding can then be left out."""

    @abstractmethod
    def build(self, spec: Spec) -> nn.Module:
        """Make the module; `initialise` draws its matrices, those called `output` as what adds to the stream."""

    @abstractmethod
    def parameters(self, spec: Spec) -> int:
        """Count the parameters."""

    def active_parameters(self, spec: Spec) -> int:
        """Count the parameters that a token goes through."""
        return self.parameters(spec)

    @abstractmethod
    def flops_per_token(self, spec: Spec) -> int:
        """Give the floating-point operations of a forward pass a token."""

    def linear_layers(self, spec: Spec) -> Mapping[str, tuple[int, int]]:
        """Give its nn.Linear layers by name, with the width of what goes in and of what comes out."""
        return {}

    @abstractmethod
    def activations_per_token(self, spec: Spec) -> int:
        """Estimate the numbers that a forward pass keeps a token for the backward, beside the layer's input."""
