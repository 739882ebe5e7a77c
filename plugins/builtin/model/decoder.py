"""The model `decoder`."""

from __future__ import annotations

from typing import ClassVar

from .transformer import TransformerModel


class Decoder(TransformerModel):
    """A causal transformer: each token sees what stands before it.

    By its fields it is a GPT-2 (the default) or a Llama (`norm = rms_norm, activation = swiglu, positions = rope,
    bias = false`). The norms stand before what a layer adds.
    """

    name: ClassVar[str] = "decoder"
    attention: ClassVar[str] = "causal"

    @property
    def norm_first(self) -> bool:
        return True
