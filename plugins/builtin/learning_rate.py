"""The hidden task that finds a learning rate for a stage: what `lr = auto` stands for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from ...dsl.program import Reference
from ...dsl.quantities import Quantity
from ...dsl.types import Artifact
from ..adapters import Adapter
from ..component import Estimate, Facts, FactsOf, Task
from ..fields import BatchSize, CheckpointOf, TokenizerOf, hidden, neutral
from ..fit import frozen_of
from ..models import Model
from ..values import Objective, Optimizer
from ..work import Job, Recompute, Work
from .schedule.constant import Constant
from .tokens import Tokens

STEPS = 100
"""Steps of a range test."""
WIDEST = (1e-7, 1.0)
"""The rates between which an optimizer that names none is tried."""
BACK = 10.0
"""How far below the rate of the least loss one trains: there the loss has ceased to fall, not the gain to rise."""

Taken = Sequence[tuple[float, float]]


class LearningRateTest(Task):
    """Try the steps of a stage with a learning rate that rises from one to the next (Smith 2017, arXiv:1506.01186).

    Facts: `lr`, which was found, and `range`, the rates with the smoothed loss that each began from.
    """

    kind: ClassVar[str] = "lr"
    name: ClassVar[str] = "range_test"
    on_device: ClassVar[bool] = True
    settings: ClassVar[tuple[str, ...]] = ("seed", "precision", "deterministic")

    model: Model = hidden(...)
    objective: Objective = hidden(...)
    tokens: Annotated[Reference, Artifact("tokens")] = hidden(...)
    scores: Annotated[Reference, Artifact("scores")] | None = hidden(None)
    tokenizer: TokenizerOf = hidden(...)
    optimizer: Optimizer = hidden(...)
    batch: BatchSize = hidden(...)
    initial: CheckpointOf | None = hidden(None)
    clip: float | None = hidden(1.0)
    micro_batch: int | None = neutral(None)
    activation_checkpointing: Recompute = neutral("none")
    clip_value: float | None = hidden(None)
    freeze: list[str] = hidden([])
    adapter: Adapter | Literal["continue"] | None = hidden(None)
    initial_adapter: Adapter | None = hidden(None)

    def outputs(self) -> dict[str, Artifact]:
        return {"lr": Artifact("number")}

    def estimate(self, inputs: FactsOf) -> Estimate:
        vocab_size = inputs(self.tokenizer).get("vocab_size")
        if vocab_size is None:
            return Estimate()
        parameters = self.model.parameters(vocab_size)
        return Estimate(parameters=parameters, trained_parameters=parameters)

    def run(self, work: Work) -> Facts:
        rates = self.rates()
        tokens = self.tokens.task
        assert isinstance(tokens, Tokens)
        job = Job(
            model=self.model,
            objective=self.objective,
            tokens=tokens,
            scores=self.scores.task if self.scores is not None else None,
            frozen=frozen_of(self.objective),
            tokenizer=self.tokenizer,
            optimizer=self.optimizer.model_copy(update={"lr": rates[-1]}),
            schedule=Constant(),
            batch=self.batch,
            budget=(Quantity(len(rates), "steps"),),
            initial=self.initial,
            clip=self.clip,
            clip_value=self.clip_value,
            micro_batch=self.micro_batch,
            activation_checkpointing=self.activation_checkpointing,
            freeze=self.freeze,
            adapter=self.adapter,
            initial_adapter=self.initial_adapter,
        )
        taken = work.range_test(job, rates)
        curve = smoothed(taken)
        found = best_of(curve)
        work.progress.log("lr.found", lr=f"{found:.2g}", low=f"{taken[0][0]:.1g}", high=f"{taken[-1][0]:.1g}")
        (work.directory / "lr.txt").write_text(f"{found!r}\n", encoding="utf-8")
        return {"lr": found, "range": [[rate, loss] for rate, loss in curve]}

    def rates(self) -> list[float]:
        """Give the rates that are tried: as far as the optimizer learns with any, in equal ratios."""
        least, most = self.optimizer.sensible_lr or WIDEST
        ratio = (most / least) ** (1 / (STEPS - 1))
        return [least * ratio**step for step in range(STEPS)]


def smoothed(taken: Taken, keep: float = 0.9) -> list[tuple[float, float]]:
    """Average the losses over the last ten steps or so, without leaning to the first."""
    curve = []
    average = weight = 0.0
    for rate, loss in taken:
        average = keep * average + (1 - keep) * loss
        weight = keep * weight + (1 - keep)
        curve.append((rate, average / weight))
    return curve


def best_of(curve: Taken) -> float:
    """Give the rate to train with: a tenth of that at which the loss was least."""
    least = min(range(len(curve)), key=lambda step: curve[step][1])
    return round_down(curve[least][0] / BACK)


def round_down(rate: float) -> float:
    """Give a rate with two digits, as one would write it."""
    exponent = math.floor(math.log10(rate)) - 1
    return float(f"{math.floor(rate / 10.0**exponent + 1e-9)}e{exponent}")
