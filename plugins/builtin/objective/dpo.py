"""The objective `dpo`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from ....dsl.program import Reference
from ...chat.template import Chosen, roles_of
from ...component import Facts
from ...fields import CheckpointOf
from ...models import Shape
from ...predicting import Predicting
from ...values import IGNORED, Batch, Encoding, Network, Objective, Records, TensorBatch
from ...writing import Opening, Writing
from ..encoding.preferences import SIDES, Preferences
from .instruction import Instruction, chat_opening

if TYPE_CHECKING:
    import numpy as np
    import torch
    from tokenizers import Tokenizer
    from torch import nn


class DPO(Predicting, Writing):
    """Make the preferred one of two answers likelier than the other, by more than a reference model does.

    Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290). The data has the columns `prompt` (a text, or
    the turns before), `chosen` and `rejected`. An answer's reward is `beta` times how much its log-likelihood rose above
    the reference's, and the loss of a pair -log sigmoid of the difference of rewards. What the reference says is computed
    once and stored beside the rows, so that no second model is in memory.
    """

    name: ClassVar[str] = "dpo"
    example: ClassVar[str] = "dpo { beta = 0.1 }"
    columns: ClassVar[tuple[str, ...]] = ("prompt", *SIDES)
    attention: ClassVar[tuple[str, ...]] = ("causal",)
    gives: ClassVar[tuple[str, ...]] = ("loss", "reward")
    scores: ClassVar[tuple[str, ...]] = tuple(f"reference_{side}" for side in SIDES)
    of_records: ClassVar[bool] = False

    beta: Annotated[float, Field(gt=0, description="How much it costs to move away from the reference")] = 0.1
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=0.5, description="The part of the pairs that is taken to be the wrong way round, in training"),
    ] = 0.0
    reference: Annotated[
        CheckpointOf | None,
        Field(description="The checkpoint of the reference; none is the one that the stage starts from"),
    ] = None
    template: Chosen = "auto"

    def roles(self, shape: Shape) -> tuple[str, ...]:
        return roles_of(self.template)

    def started(self, initial: Reference | None) -> DPO:
        return self if self.reference is not None else self.model_copy(update={"reference": initial})

    def scorer(self) -> tuple[Reference, Objective] | None:
        return None if self.reference is None else (self.reference, DPO(template=self.template))

    def learned(self) -> Objective:
        return Instruction(template=self.template)

    def encoding(self, shape: Shape) -> Encoding:
        return Preferences(length=shape.context_length + 1, template=self.template)

    def prepare(self, batch: Batch, random: np.random.Generator, facts: Facts) -> Batch:
        """Lay both conversations of a pair side by side: `tokens` (B, 2L), shifted against the targets."""
        import numpy as np

        sides = [{part: batch[f"{side}_{part}"] for part in ("tokens", "segments", "answers")} for side in SIDES]
        longest = max(side["tokens"].shape[1] for side in sides)
        both = {
            part: np.stack([np.pad(side[part], ((0, 0), (0, longest - side[part].shape[1]))) for side in sides], axis=1)
            for part in sides[0]
        }  # (B, 2, L + 1)
        rows = len(batch["record"])
        targets = np.where(both["answers"][..., 1:] != 0, both["tokens"][..., 1:], IGNORED).astype(np.int64)
        # Numbered 1 and 2, so that a row that is read as one holds two documents.
        segments = both["segments"][..., :-1] * np.array([[1], [2]], dtype=both["segments"].dtype)
        prepared = {"tokens": both["tokens"][..., :-1], "segments": segments, "targets": targets}
        flat = {name: array.reshape(rows, -1) for name, array in prepared.items()}
        return flat | {name: batch[name] for name in ("record", *self.scores) if name in batch}

    def count(self, batch: Batch) -> float:
        return float(len(batch["record"]))

    def head(self, shape: Shape, body: nn.Module, facts: Facts) -> nn.Module:
        from ...nn.heads import VocabularyHead

        return VocabularyHead(body.embedding, shape)  # type: ignore[arg-type]

    def tells_apart(self, facts: Facts) -> Any:
        return self.learned().tells_apart(facts)

    def score(self, network: Network, batch: TensorBatch) -> dict[str, torch.Tensor]:
        both = self._likelihoods(network, batch)
        return {name: both[:, side] for side, name in enumerate(self.scores)}

    def _likelihoods(self, network: Network, batch: TensorBatch) -> torch.Tensor:
        """Give the log-likelihoods of both answers: (B, 2), in float32."""
        from ...nn.heads import VocabularyHead
        from ...nn.log_likelihood import log_likelihood

        head = network.head
        assert isinstance(head, VocabularyHead)
        rows = len(batch["tokens"])
        # Side by side is one below the other, seen as rows of half the length.
        halves = {name: batch[name].view(2 * rows, -1) for name in ("tokens", "segments", "targets") if name in batch}
        features = head.features(network.hidden(halves)).flatten(0, 1)
        found = log_likelihood(features, head.weight, halves["targets"].flatten(), head.bias)
        return found.view(rows, 2, -1).sum(dim=-1)

    def _margin(self, network: Network, batch: TensorBatch) -> torch.Tensor:
        """Give by how much the preferred answer's reward is above the other's: (B,)."""
        own = self._likelihoods(network, batch)
        chosen, rejected = (own[:, side] - batch[name] for side, name in enumerate(self.scores))
        return self.beta * (chosen - rejected)

    def loss(self, network: Network, batch: TensorBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        from torch.nn.functional import logsigmoid

        from ...nn.auxiliary import with_auxiliary

        margin = self._margin(network, batch)
        smoothing = self.label_smoothing if network.training else 0.0
        loss = -((1 - smoothing) * logsigmoid(margin) + smoothing * logsigmoid(-margin)).sum()
        figures = {"reward_accuracy": (margin.detach() > 0).sum(), "reward_margin": margin.detach().sum()}
        return with_auxiliary(network, loss, batch["record"].repeat_interleave(2)), figures

    def predict(self, network: Network, batch: TensorBatch) -> list[Any]:
        return [{"margin": margin} for margin in self._margin(network, batch).tolist()]

    def join(
        self, predictions: Iterable[tuple[Mapping[str, Any], Any]], facts: Facts, records: Records
    ) -> list[Mapping[str, Any]]:
        joined = [{"record": int(scalars["record"]), **prediction} for scalars, prediction in predictions]
        return sorted(joined, key=lambda each: int(each["record"]))

    def begin(self, prompt: str, tokenizer: Tokenizer, facts: Facts, shape: Shape) -> Opening:
        """Have the prompt be a user's turn, or the conversation whose JSON it is, and the text be the answer to it."""
        return chat_opening(self.template, prompt, tokenizer, facts)

    def in_chat(self) -> DPO:
        return self

    def shown(self, prompt: str) -> str:
        return Instruction().shown(prompt)
