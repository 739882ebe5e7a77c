"""The feed-forward layer `moe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ...component import Place
from ...models import FeedForward
from ...nn.spec import Spec
from .dense import KEPT, matrices

if TYPE_CHECKING:
    from torch import nn


class MixtureOfExperts(FeedForward):
    """Many experts, a few of which read each token, as in Mixtral (Jiang et al. 2024, arXiv:2401.04088).

    Each expert is `ffn_size` wide and has no biases. A router chooses for each token; no token is dropped. So that all
    experts are used, the loss grows with how unevenly each row uses them (Fedus et al. 2021, arXiv:2101.03961).
    """

    name: ClassVar[str] = "moe"
    example: ClassVar[str] = "moe { experts = 8, top_k = 2 }"

    experts: Annotated[int, Field(gt=1, description="Experts of a layer")]
    top_k: Annotated[int, Field(gt=0, description="Experts that read a token")] = 2
    balance: Annotated[
        float, Field(ge=0, description="What the uneven use of the experts weighs in the loss; 0 is not at all")
    ] = 0.01

    def check(self, place: Place) -> None:
        """Report a choice of more experts than there are."""
        if self.top_k > self.experts:
            place.error("top_k", "L0530", {"top_k": self.top_k, "experts": self.experts}, help="L0530.help")

    def build(self, spec: Spec) -> nn.Module:
        from ...nn.experts import Experts

        return Experts(spec, self.experts, self.top_k, self.balance)

    def parameters(self, spec: Spec) -> int:
        return self._router(spec) + self.experts * self._expert(spec)

    def active_parameters(self, spec: Spec) -> int:
        return self._router(spec) + self.top_k * self._expert(spec)

    def flops_per_token(self, spec: Spec) -> int:
        return 2 * self.active_parameters(spec)

    def linear_layers(self, spec: Spec) -> dict[str, tuple[int, int]]:
        # The experts' weights are tensors of all of them at once.
        return {"router": (spec.hidden_size, self.experts)}

    def activations_per_token(self, spec: Spec) -> int:
        # What goes in is sorted, and what comes out is kept before and after it is weighted.
        return self.top_k * (KEPT[spec.activation] * spec.ffn_size + 3 * spec.hidden_size) + 6 * self.experts

    def _router(self, spec: Spec) -> int:
        return self.experts * spec.hidden_size

    def _expert(self, spec: Spec) -> int:
        return matrices(spec) * spec.hidden_size * spec.ffn_size
