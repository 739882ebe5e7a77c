"""The model `encoder_decoder`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ...component import Place
from ...models import Initialisation, Model, Shape
from ...nn import MOST_LOGITS
from ...nn.spec import ActivationName, NormName, Spec
from ...work import Recompute
from ..feedforward.dense import Dense
from ..initialisation.gpt2 import Gpt2
from .sizes import USUAL_EPS, check_readout, check_total, head_width, heads_fit, inner_size, layers_of, shape_of

if TYPE_CHECKING:
    from torch import nn


class EncoderDecoder(Model):
    """Reads a source both ways and writes a target token by token, looking at it: T5 as it stands.

    T5 1.1 (Raffel et al. 2020, arXiv:1910.10683) has gated feed-forward layers (`geglu_tanh`), T5 1.0 `relu`; attention
    is learned by distance. The first transformer (Vaswani et al. 2017, arXiv:1706.03762) is `norm = layer_norm,
    norm_placement = post, activation = relu, positions = sinusoidal, bias = true`. Attention divides by the root of the
    head size; T5 has that in its weights.
    """

    name: ClassVar[str] = "encoder_decoder"
    example: ClassVar[str] = "encoder_decoder { layers = 6, hidden_size = 512, heads = 8, context_length = 512 }"
    attention: ClassVar[str] = "encoder_decoder"

    layers: Annotated[int, Field(gt=0, description="Blocks of the encoder, one above the other")]
    hidden_size: Annotated[int, Field(gt=0, description="Width of the hidden states")]
    heads: Annotated[int, Field(gt=0, description="Attention heads; they divide `hidden_size`, or have a `head_size`")]
    context_length: Annotated[
        int, Field(ge=4, le=2**24, description="The most tokens of the source, and of the target")
    ]
    decoder_layers: Annotated[
        int | None, Field(gt=0, description="Blocks of the decoder; none is as many as the encoder has")
    ] = None
    dropout: Annotated[float, Field(ge=0, lt=1, description="On the embeddings and on what each layer adds")] = 0.0
    head_size: Annotated[int | None, Field(gt=0, description="Width of a head; none is hidden_size / heads")] = None
    ffn_size: Annotated[
        int | None,
        Field(gt=0, description="Inner width of the feed-forward layers; none is 4 x hidden_size, 8/3 if gated"),
    ] = None
    norm: Annotated[NormName, Field(description="The sort of norm")] = "rms_norm"
    norm_eps: Annotated[
        float | None, Field(gt=0, lt=0.1, description="Added to the variance; none is 1e-5, 1e-6 with rms_norm")
    ] = None
    norm_placement: Annotated[
        Literal["pre", "post"], Field(description="Norms before what a layer adds, or behind the addition")
    ] = "pre"
    activation: Annotated[
        ActivationName, Field(description="Of the feed-forward layers; swiglu and geglu are gated")
    ] = "geglu"
    positions: Annotated[
        Literal["relative", "learned", "sinusoidal"],
        Field(description="Learned by distance, an embedding for each position, or waves"),
    ] = "relative"
    buckets: Annotated[int, Field(ge=4, description="With relative positions: groups of distances")] = 32
    distance: Annotated[int, Field(gt=1, description="With relative positions: from here on all distances are one")] = (
        128
    )
    bias: Annotated[bool, Field(description="Whether linear layers and norms have biases")] = False
    tied_embeddings: Annotated[
        bool, Field(description="Whether the projection to the vocabulary is the token embedding itself")
    ] = True
    initialisation: Annotated[Initialisation, Field(description="The scales of the first weights")] = Field(
        default_factory=Gpt2
    )

    @property
    def shape(self) -> Shape:
        return shape_of(self, self.attention)

    @property
    def spec(self) -> Spec:
        """What the encoder's modules are built from; the decoder's are causal."""
        return self._spec(causal=False, layers=self.layers)

    def _spec(self, causal: bool, layers: int) -> Spec:
        return Spec(
            layers=layers,
            hidden_size=self.hidden_size,
            heads=self.heads,
            kv_heads=self.heads,
            head_size=head_width(self),
            ffn_size=self.inner_size,
            context_length=self.context_length,
            causal=causal,
            feedforward=Dense(),
            initialisation=self.initialisation,
            dropout=self.dropout,
            norm=self.norm,
            norm_eps=self.norm_eps or USUAL_EPS[self.norm],
            norm_first=self.norm_placement == "pre",
            activation=self.activation,
            bias=self.bias,
            qkv_bias=self.bias,
        )

    @property
    def inner_size(self) -> int:
        """The inner width of the feed-forward layers."""
        return inner_size(self)

    @property
    def depths(self) -> tuple[int, int]:
        """The layers of the encoder, and of the decoder."""
        return self.layers, self.decoder_layers or self.layers

    def derived(self) -> dict[str, int]:
        """Give the sizes that follow from the others."""
        spec = self.spec
        sizes = {"head_size": spec.head_size, "ffn_size": spec.ffn_size, "decoder_layers": self.depths[1]}
        return {name: size for name, size in sizes.items() if getattr(self, name) is None}

    def check(self, place: Place) -> None:
        """Report sizes that don't go together, and models that no machine holds."""
        heads_fit(self, place, {"heads": self.heads, "hidden_size": self.hidden_size})
        if self.positions == "relative" and self.distance <= self.buckets // 2:
            values = {"distance": self.distance, "buckets": self.buckets, "least": self.buckets // 2 + 1}
            place.error("distance", "L0606", values, help="L0606.help")
        for field in ("buckets", "distance"):
            if field in self.model_fields_set and self.positions != "relative":
                place.error(field, "L0531", {"field": field, "needs": "positions = relative"}, help="L0531.help")
        check_readout(self, place)
        check_total(self.parameters(vocab_size=1), place)

    def parameters(self, vocab_size: int) -> int:
        spec, (encoder, decoder) = self.spec, self.depths
        norm = self.hidden_size * (2 if spec.norm == "layer_norm" and spec.bias else 1)
        width = spec.heads * spec.head_size
        attention = 4 * self.hidden_size * width + (3 * width + self.hidden_size if spec.bias else 0)
        shared = attention + spec.feedforward.parameters(spec) + 2 * norm
        layers = encoder * shared + decoder * (shared + attention + norm)
        embeddings = vocab_size * (1 if self.tied_embeddings else 2)
        embeddings += 2 * self.context_length if self.positions == "learned" else 0
        relative = 2 * self.buckets * self.heads if self.positions == "relative" else 0
        return layers + 2 * norm * spec.norm_first + embeddings * self.hidden_size + relative

    def flops_per_token(self, vocab_size: int, length: int) -> float:
        """Give the operations of a forward pass a token, of rows whose source and target have `length` tokens each."""
        spec, (encoder, decoder) = self.spec, self.depths
        width = spec.heads * spec.head_size
        matrices, pairs = 8 * self.hidden_size * width, 4 * length * width
        one = matrices + pairs + spec.feedforward.flops_per_token(spec)
        # Of the attention from target to source, keys and values are made of source tokens and the rest of target tokens.
        both = encoder * one + decoder * (one + matrices + pairs) + 2 * vocab_size * self.hidden_size
        return both / 2

    def activation_bytes(self, vocab_size: int, rows: int, length: int, recompute: Recompute = "none") -> int:
        """Estimate what a forward pass keeps of rows whose source and target have `length` tokens each.

        With relative positions the scores of attention within a stream are kept, since their bias is learned. Tests hold
        it against the tensors that autograd really keeps, to 15 %.
        """
        spec, (encoder, decoder) = self.spec, self.depths
        norm = (3 if spec.norm == "rms_norm" else 2) * self.hidden_size
        dropout, width = self.hidden_size if spec.dropout else 0, spec.heads * spec.head_size
        scores = spec.heads * length if self.positions == "relative" else 0
        inner = spec.feedforward.activations_per_token(spec)
        one = 2 * (norm + dropout) + 4 * width + scores + inner
        other = one + norm + dropout + 4 * width
        # What of a layer is kept when the rest is computed again: its input, and the products of its matrices.
        some, more = 3 * self.hidden_size + 4 * width + inner // 2, 4 * self.hidden_size + 8 * width + inner // 2
        kept = {"none": (one, other), "block": (self.hidden_size, self.hidden_size), "selective": (some, more)}[
            recompute
        ]
        token = encoder * kept[0] + decoder * kept[1] + 2 * (norm + dropout) + (other if recompute != "none" else 0)
        logits = 2 * min(rows * length * vocab_size, MOST_LOGITS)
        return 4 * (rows * length * token + logits)

    def linear_layers(self) -> dict[str, tuple[int, int]]:
        spec, (encoder, decoder) = self.spec, self.depths
        width = spec.heads * spec.head_size
        cross = {"query": (spec.hidden_size, width), "key_value": (spec.hidden_size, 2 * width)}
        cross["output"] = (width, spec.hidden_size)
        own = dict(layers_of(spec))
        both = own | {f"cross.{name}": size for name, size in cross.items()}
        stacks = {"encoder": (encoder, own), "decoder": (decoder, both)}
        return {
            f"{stack}.blocks.{layer}.{name}": size
            for stack, (count, layers) in stacks.items()
            for layer in range(count)
            for name, size in layers.items()
        }

    def body(self, vocab_size: int) -> nn.Module:
        from ...nn import encoder_decoder

        encoder, decoder = self.depths
        source, target = self._spec(causal=False, layers=encoder), self._spec(causal=True, layers=decoder)
        return encoder_decoder.EncoderDecoder(source, target, vocab_size, self.positions, self.buckets, self.distance)
