"""What `experiment` says: the settings that hold for all tasks of a file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ..dsl.quantities import Quantity
from ..dsl.types import QuantityOf
from .component import Component
from .fields import Target, neutral
from .values import Backend


class Experiment(Component):
    """Settings of the whole experiment.

    A task names those that are part of its identity in its `settings`.
    """

    kind: ClassVar[str] = "experiment"
    name: ClassVar[str] = "experiment"

    seed: int = Field(0, ge=0, lt=2**63, description="Seeds every stage; data and tokenizers have seeds of their own")
    fold: int = Field(1, ge=1, description="Which fold `folds` holds out; a sweep with `folds` takes each in turn")
    device: Literal["auto", "cpu", "cuda", "mps", "xla"] = neutral(
        "auto", "Where models run; auto takes the best there is but xla, which is for TPUs and untried"
    )
    precision: Literal["auto", "float32", "tf32", "bf16", "fp16", "fp8"] = Field(
        "auto", description="Arithmetic of training; auto is bf16 where the device has it, else float32"
    )
    backend: Backend | None = neutral(None, "In how many processes stages train; none is one process")
    budget: Annotated[Quantity, QuantityOf(("time",))] | None = neutral(
        None,
        "How long a run may take: then it saves and stops, and the same command goes on; none is as long as it takes",
    )
    output: Target | None = neutral(
        None,
        "A folder for what people read of a run: its report, and the texts that were written; they replace those of "
        "the run before, and exports go where their `to` says",
    )
    deterministic: bool = Field(False, description="Refuse operations whose result may differ from run to run")
