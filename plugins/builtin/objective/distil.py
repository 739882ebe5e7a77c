"""The objective `distil`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ....dsl.program import Reference
from ...component import Place
from ...fields import CheckpointOf
from ...tasks import Trained
from ...values import Network, Objective, TensorBatch
from .around import Around
from .causal_lm import CausalLM
from .classification import Classification
from .language import LanguageModelling

if TYPE_CHECKING:
    import torch


class Distil(Around):
    """Learn from a teacher's distribution over tokens or labels, beside learning by another objective.

    Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531). Loss is (1 - alpha) times that of `objective`, and alpha
    times the Kullback-Leibler divergence of the model from its teacher, both softened by the temperature, over what
    carries loss. The teacher reads with the same tokenizer; its forward pass runs beside the model's, in training alone:
    what is measured on other rows is the loss of `objective` itself.
    """

    name: ClassVar[str] = "distil"
    example: ClassVar[str] = "distil { teacher = pretrain.best, temperature = 2, alpha = 50%, objective = causal_lm }"

    teacher: CheckpointOf = Field(description="The checkpoint that teaches")
    temperature: Annotated[
        float, Field(gt=0, description="By what logits are divided, so that rare ones count too")
    ] = 2.0
    alpha: Annotated[float, Field(gt=0, le=1, description="The part of the loss that is the teacher's")] = 0.5
    objective: Objective = Field(default_factory=CausalLM, description="What is learned of the data itself")

    def check(self, place: Place) -> None:
        """Report what has no logits to be compared, and a teacher that doesn't have such ones."""
        if not isinstance(self.objective, LanguageModelling | Classification):
            place.error("objective", "L0786", {"objective": self.objective.name}, help="L0786.help")
            return
        assert isinstance(self.teacher.task, Trained), "only such tasks put out checkpoints"
        taught, model = self.teacher.task.described_objective(), self.teacher.task.described_model()
        name = taught.name if taught is not None else "none"
        learned = taught.learned() if taught is not None else None
        same = LanguageModelling if isinstance(self.objective, LanguageModelling) else Classification
        if not isinstance(learned, same):
            values = {"objective": self.objective.name, "teacher": name}
            place.error("teacher", "L0786.teacher", values, help="L0786.teacher.help")
        elif model.attention not in self.objective.attention:
            values = {"objective": self.objective.name, "teacher": model.attention}
            place.error("teacher", "L0786.teacher", values, help="L0786.teacher.help")

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        import torch

        if not network.training or not network.frozen:
            return self.objective.loss(network, batch)
        teacher = network.frozen[0]
        inner = self.objective
        if isinstance(inner, LanguageModelling):
            own = inner.projected(network, batch)
            with torch.no_grad():
                theirs = inner.projected(teacher, batch)
            from ...nn.distillation import divergence

            hard, parts = inner.loss_of(network, own, batch)
            soft = divergence(own, theirs, batch["targets"].flatten(), self.temperature)
        else:
            assert isinstance(inner, Classification), "checked"
            from torch.nn.functional import kl_div

            logits = inner.logits(network, batch)
            with torch.no_grad():
                wanted = (inner.logits(teacher, batch) / self.temperature).log_softmax(dim=1)
            hard, parts = inner.loss_of(network, logits, batch)
            found = (logits / self.temperature).log_softmax(dim=1)
            soft = kl_div(found, wanted, reduction="sum", log_target=True) * self.temperature**2
        loss = (1 - self.alpha) * hard + self.alpha * soft
        return loss, {**parts, "own_loss": hard.detach(), "divergence": soft.detach()}

    def frozen(self) -> tuple[Reference, ...]:
        return (self.teacher, *super().frozen())
