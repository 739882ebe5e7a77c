"""The model `decoder`."""

from __future__ import annotations

from typing import ClassVar

from .transformer import TransformerModel


class Decoder(TransformerModel):
    """A causal transformer: each token sees what stands before it. By its fields a GPT-2 or a Llama.

    GPT-2 is the default; `norm = rms_norm, activation = swiglu, positions = rope, bias = false` is a Llama. The
    norms stand before what a layer adds.
    """

    name: ClassVar[str] = "decoder"
    attention: ClassVar[str] = "causal"

    @property
    def norm_first(self) -> bool:
        return True
