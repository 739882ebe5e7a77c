"""What decoders and encoders share: their fields, their sizes, their costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ...component import Place
from ...models import FeedForward, Initialisation, Model, RopeScaling, Shape
from ...nn import MOST_LOGITS
from ...nn.spec import ActivationName, LayerName, NormName, PositionName, Spec
from ...work import Recompute
from ..feedforward.dense import Dense
from ..initialisation.gpt2 import Gpt2
from .sizes import USUAL_EPS, check_readout, check_total, head_width, heads_fit, inner_size, layers_of, shape_of

if TYPE_CHECKING:
    from torch import nn


class TransformerModel(Model):
    """The base of models made of attention and feed-forward layers."""

    layers: Annotated[int, Field(gt=0, description="Blocks, one above the other")]
    hidden_size: Annotated[int, Field(gt=0, description="Width of the hidden states")]
    heads: Annotated[int, Field(gt=0, description="Attention heads; they divide `hidden_size`, or have a `head_size`")]
    context_length: Annotated[int, Field(ge=4, le=2**24, description="The most tokens that a row may have")]
    dropout: Annotated[float, Field(ge=0, lt=1, description="On the embeddings and on what each layer adds")] = 0.0
    kv_heads: Annotated[
        int | None, Field(gt=0, description="Key-value heads, shared by groups of heads; none is one for each head")
    ] = None
    head_size: Annotated[int | None, Field(gt=0, description="Width of a head; none is hidden_size / heads")] = None
    ffn_size: Annotated[
        int | None,
        Field(gt=0, description="Inner width of the feed-forward layers; none is 4 x hidden_size, 8/3 if gated"),
    ] = None
    feedforward: Annotated[
        FeedForward, Field(description="The feed-forward layers: dense, or a mixture of experts")
    ] = Field(default_factory=Dense)
    norm: Annotated[NormName, Field(description="The sort of norm")] = "layer_norm"
    norm_eps: Annotated[
        float | None, Field(gt=0, lt=0.1, description="Added to the variance; none is 1e-5, 1e-6 with rms_norm")
    ] = None
    qk_norm: Annotated[bool, Field(description="Whether queries and keys are normalised, head by head")] = False
    activation: Annotated[
        ActivationName, Field(description="Of the feed-forward layers; swiglu and geglu are gated")
    ] = "gelu"
    positions: Annotated[PositionName, Field(description="An embedding for each position, or rotary embeddings")] = (
        "learned"
    )
    rope_base: Annotated[float, Field(gt=1, description="The base of rotary embeddings: larger turns more slowly")] = (
        10_000.0
    )
    rope_scaling: Annotated[
        RopeScaling | None, Field(description="How rotary embeddings are stretched to a longer context")
    ] = None
    sliding_window: Annotated[
        int | None,
        Field(gt=0, description="How far local layers see: so many tokens, or so many to each side; none is no limit"),
    ] = None
    layer_pattern: Annotated[
        list[LayerName],
        Field(
            min_length=1, description="With a sliding window: which layers have it, repeated from the first layer on"
        ),
    ] = Field(default_factory=lambda: list[LayerName](("local",)))
    local_rope_base: Annotated[
        float | None, Field(gt=1, description="The base of rotary embeddings in local layers; none is `rope_base`")
    ] = None
    bias: Annotated[bool, Field(description="Whether linear layers and norms have biases")] = True
    qkv_bias: Annotated[
        bool | None, Field(description="Whether queries, keys and values have biases; none is as `bias`")
    ] = None
    tied_embeddings: Annotated[
        bool, Field(description="Whether the projection to the vocabulary is the token embedding itself")
    ] = True
    initialisation: Annotated[Initialisation, Field(description="The scales of the first weights")] = Field(
        default_factory=Gpt2
    )

    @property
    def norm_first(self) -> bool:
        """Whether the norms stand before what a layer adds, or behind the addition."""
        return True

    @property
    def norms_embeddings(self) -> bool:
        """Whether the embeddings are normalised."""
        return False

    @property
    def types(self) -> int:
        """The types of tokens that have an embedding."""
        return 0

    @property
    def shape(self) -> Shape:
        return shape_of(self, self.attention)

    @property
    def spec(self) -> Spec:
        """What the modules are built from."""
        return Spec(
            layers=self.layers,
            hidden_size=self.hidden_size,
            heads=self.heads,
            kv_heads=self.kv_heads or self.heads,
            head_size=self.head_width,
            ffn_size=self.inner_size,
            context_length=self.context_length,
            causal=self.attention == "causal",
            feedforward=self.feedforward,
            initialisation=self.initialisation,
            dropout=self.dropout,
            norm=self.norm,
            norm_eps=self.norm_eps or USUAL_EPS[self.norm],
            norm_first=self.norm_first,
            embedding_norm=self.norms_embeddings,
            qk_norm=self.qk_norm,
            activation=self.activation,
            bias=self.bias,
            qkv_bias=self.bias if self.qkv_bias is None else self.qkv_bias,
            positions=self.positions,
            rope_base=self.rope_base,
            local_rope_base=self.local_rope_base or self.rope_base,
            rope_scaling=self.rope_scaling,
            sliding_window=self.sliding_window,
            layer_pattern=tuple(self.layer_pattern),
            token_types=self.types,
        )

    @property
    def depths(self) -> tuple[int, ...]:
        """The layers of each stack: there is one."""
        return (self.layers,)

    @property
    def head_width(self) -> int:
        """The width of a head."""
        return head_width(self)

    @property
    def inner_size(self) -> int:
        """The inner width of the feed-forward layers."""
        return inner_size(self)

    def derived(self) -> dict[str, int]:
        """Give the sizes that follow from the others."""
        sizes = {"head_size": self.head_width} if self.head_size is None else {}
        sizes |= {"kv_heads": self.heads} if self.kv_heads is None else {}
        return sizes | ({"ffn_size": self.inner_size} if self.ffn_size is None else {})

    def check(self, place: Place) -> None:
        """Report sizes that don't go together, and models that no machine holds."""
        values: dict[str, object] = {"heads": self.heads, "hidden_size": self.hidden_size, "kv_heads": self.kv_heads}
        if heads_fit(self, place, values) and self.positions == "rope" and self.head_width % 2:
            place.error("positions", "L0522", values | {"size": self.head_width}, help="L0522.help")
        if self.kv_heads is not None and self.heads % self.kv_heads:
            place.error("kv_heads", "L0521", values, help="L0521.help")
        self._check_unused(place)
        check_readout(self, place)
        check_total(self.parameters(vocab_size=1), place)

    def _check_unused(self, place: Place) -> None:
        """Report a choice that another one leaves without effect."""
        given = self.model_fields_set
        for field in ("rope_base", "rope_scaling", "local_rope_base"):
            if field in given and getattr(self, field) is not None and self.positions != "rope":
                place.error(field, "L0531", {"field": field, "needs": "positions = rope"}, help="L0531.help")
        for field in ("layer_pattern", "local_rope_base"):
            if field in given and getattr(self, field) is not None and self.sliding_window is None:
                place.error(field, "L0531", {"field": field, "needs": "sliding_window"}, help="L0531.help")

    def parameters(self, vocab_size: int) -> int:
        return self._parameters(vocab_size, self.feedforward.parameters(self.spec))

    def active_parameters(self, vocab_size: int) -> int:
        return self._parameters(vocab_size, self.feedforward.active_parameters(self.spec))

    def _parameters(self, vocab_size: int, feedforward: int) -> int:
        """Count the parameters, those of a layer's feed-forward half being given."""
        spec = self.spec
        per_norm = 2 if spec.norm == "layer_norm" and spec.bias else 1
        query, pair = spec.heads * spec.head_size, 2 * spec.kv_heads * spec.head_size
        attention = self._attention_matrices(spec)
        attention += (query + pair if spec.qkv_bias else 0) + (spec.hidden_size if spec.bias else 0)
        attention += 2 * per_norm * spec.head_size if spec.qk_norm else 0
        # Two in each layer and one at the end or over the embeddings; the first layer needs none behind the latter.
        norms = 2 * spec.layers + spec.norm_first + spec.embedding_norm - (spec.norm_first and spec.embedding_norm)
        embeddings = vocab_size * (1 if self.tied_embeddings else 2) + spec.token_types
        embeddings += spec.context_length if spec.positions == "learned" else 0
        return spec.layers * (attention + feedforward) + (norms * per_norm + embeddings) * spec.hidden_size

    @staticmethod
    def _attention_matrices(spec: Spec) -> int:
        """Count the weights of one layer's attention matrices."""
        return 2 * spec.hidden_size * (spec.heads + spec.kv_heads) * spec.head_size

    def flops_per_token(self, vocab_size: int, length: int) -> float:
        """Give the operations of a forward pass a token; attention counts in full, causal, within a window or not.

        Two for each weight of a matrix that a token goes through, the projection to the vocabulary included (0 leaves
        it out), and in each layer two for each pair of tokens in a row, for the scores and for the mixing.
        """
        spec = self.spec
        layer = 2 * self._attention_matrices(spec) + 4 * length * spec.heads * spec.head_size
        layer += spec.feedforward.flops_per_token(spec)
        return float(spec.layers * layer + 2 * vocab_size * spec.hidden_size)

    def activation_bytes(self, vocab_size: int, rows: int, length: int, recompute: Recompute = "none") -> int:
        """Estimate what a forward pass keeps, with attention kernels that don't keep the scores.

        Tests hold it against the tensors that autograd really keeps, to 15 %. The logits count twice, because their
        gradient is as large and comes first.
        """
        spec = self.spec
        per_norm = 3 if spec.norm == "rms_norm" else 2
        norm, dropout = per_norm * spec.hidden_size, spec.hidden_size if spec.dropout else 0
        query, key = spec.heads * spec.head_size, spec.kv_heads * spec.head_size
        attention = 2 * query + 2 * key  # queries, keys, values, and what they mix
        if spec.kv_heads != spec.heads:
            attention += 2 * query  # keys and values repeated for each head
        if spec.positions == "rope":
            attention += 2 * query  # queries and keys before they are turned
        if spec.qk_norm:
            attention += (per_norm - 1) * (query + key)  # one of each is counted already
        inner = spec.feedforward.activations_per_token(spec)
        layer = 2 * norm + 2 * dropout + attention + inner
        # What of a layer is kept when the rest is computed again: its input, and the products of its matrices.
        kept = {"none": layer, "block": spec.hidden_size, "selective": 3 * spec.hidden_size + attention + inner // 2}
        token = spec.layers * kept[recompute] + (layer if recompute != "none" else 0) + norm + dropout
        logits = 2 * min(rows * length * vocab_size, MOST_LOGITS)
        return 4 * (rows * length * token + logits)

    def linear_layers(self) -> dict[str, tuple[int, int]]:
        return {f"blocks.{layer}.{name}": size for layer in range(self.layers) for name, size in layers_of(self.spec)}

    def body(self, vocab_size: int) -> nn.Module:
        from ...nn.transformer import Transformer

        return Transformer(self.spec, vocab_size)
