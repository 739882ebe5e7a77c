"""The feed-forward layer `dense`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ...models import FeedForward
from ...nn.spec import GATED, Spec

if TYPE_CHECKING:
    from torch import nn

KEPT = {"gelu": 2, "gelu_tanh": 2, "relu": 1, "swiglu": 4, "geglu": 4, "geglu_tanh": 4}
"""Tensors of the inner width that an activation and what follows it keep."""


class Dense(FeedForward):
    """The same weights for every token, `ffn_size` wide, bent by the model's `activation`."""

    name: ClassVar[str] = "dense"
    example: ClassVar[str] = "dense()"
    by_token: ClassVar[bool] = True

    def build(self, spec: Spec) -> nn.Module:
        from ...nn import feedforward

        return feedforward.FeedForward(spec)

    def parameters(self, spec: Spec) -> int:
        widened = matrices(spec) - 1
        return matrices(spec) * spec.hidden_size * spec.ffn_size + (
            widened * spec.ffn_size + spec.hidden_size if spec.bias else 0
        )

    def flops_per_token(self, spec: Spec) -> int:
        return 2 * matrices(spec) * spec.hidden_size * spec.ffn_size

    def linear_layers(self, spec: Spec) -> dict[str, tuple[int, int]]:
        widening = (spec.hidden_size, spec.ffn_size)
        gate = {"gate": widening} if spec.activation in GATED else {}
        return {**gate, "up": widening, "output": widening[::-1]}

    def activations_per_token(self, spec: Spec) -> int:
        return KEPT[spec.activation] * spec.ffn_size


def matrices(spec: Spec) -> int:
    """Count the matrices of a feed-forward layer with this activation."""
    return 3 if spec.activation in GATED else 2
