"""The counters of a training: what a checkpoint holds beside weights, and all of it plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class State:
    """Where a training is. Floats survive JSON to the bit."""

    micro_batch: int
    """Rows at once: kept when a job goes on, for another number would add up in another order."""
    step: int = 0
    elapsed: float = 0.0
    """Seconds of training, those before an interruption included."""
    best_step: int | None = None
    best_value: float | None = None
    waited: int = 0
    """Validations since one that was better by more than the job's `min_change`."""
    validated: int = -1
    """The step of the last validation."""
    patience_spent: bool = False
    sums: dict[str, float] = field(default_factory=dict)
    """Sums of the losses since the last logged step, and what they are divided by (`count`)."""
    since_validation: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """The sum of losses and the count since the last validation, up to the last logged step."""
    kernels: dict[str, str] = field(default_factory=dict)
    """Which kernels were chosen (calibrate.py): taken again when a job goes on, for others would round differently."""
    spikes: dict[str, Any] = field(default_factory=dict)
    """What is usual of the losses, and where they were not."""
    curve: list[list[float | int | None]] = field(default_factory=list)
    """A line a validation: step, training loss since the last one, validation loss, and what selects if another."""

    def json(self) -> dict[str, Any]:
        """Give it for a checkpoint."""
        return asdict(self)

    def become(self, other: State) -> None:
        """Take over another's counters: whoever holds this one sees them."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> State:
        """Read it from a checkpoint that was verified; ValueError or TypeError if it can't be one of these."""
        state = cls(**stored)
        counts = (state.micro_batch, state.step, state.waited, state.validated + 1)
        if not all(type(count) is int and count >= 0 for count in counts) or not state.micro_batch:
            raise ValueError("no counters of a training")
        return state
