"""The objective `focal_classification`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llx.plugins.api import Field, Network, Place, TensorBatch
from llx.plugins.builtin.objective.classification import Classification

if TYPE_CHECKING:
    import torch

STRONG = 5.0
"""From here on an example of probability 1/2 counts 1/32 or less."""


class FocalClassification(Classification):
    """Classify by focal loss, for labels of which some are rare (Lin et al. 2017, arXiv:1708.02002).

    An example whose label has the probability p counts (1 - p)^gamma of its cross entropy, so that many easy examples
    don't outweigh a few hard ones. `gamma = 0` is the built-in classification.
    """

    name: ClassVar[str] = "focal_classification"

    gamma: float = Field(2.0, ge=0, description="How much less counts what is understood already")

    def check(self, place: Place) -> None:
        super().check(place)
        if self.gamma > STRONG:
            values = {"gamma": self.gamma, "weight": f"{0.5**self.gamma:.1%}"}
            place.warning("gamma", "focal:gamma", values, help="focal:gamma.help")

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from torch.nn.functional import cross_entropy

        logits, label = self.logits(network, batch), batch["label"]  # (B, C), (B,)
        entropy = cross_entropy(logits, label, reduction="none", label_smoothing=self.label_smoothing)
        probability = logits.softmax(dim=1).gather(1, label[:, None])[:, 0]
        loss = ((1 - probability) ** self.gamma * entropy).sum()
        return loss, {"accuracy": (logits.detach().argmax(dim=1) == label).sum()}
