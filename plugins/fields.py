"""Types for the fields of components, beyond Python's own.

int, float, str, bool, `Literal[…]`, `X | None`, `list[X]`, `dict[str, X]` and the bases of kinds mean what they
say; ranges are those of annotated-types (`Field(gt=0)`). The rest is here. A field whose name is a word of
Python takes an underscore behind it (`from_` is `from`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..dsl.formula import Formula
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.types import Artifact, Either, PathText, QuantityOf, Variations
from ..dsl.types import Formula as FormulaType

Fraction = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0 to 1; `10%` in the language."""

LearningRate = Annotated[float, Field(gt=0)] | Literal["auto"]
"""A learning rate; `auto` is what a range test of the stage finds (see `Optimizer.rate`)."""

Files = Annotated[str, PathText(exists=True, glob=True)]
"""Files to be read, by a path or pattern; in Python, relative to the project's root."""

File = Annotated[str, PathText(exists=True)]
"""One file to be read."""

Folder = Annotated[str, PathText(exists=True, folder=True)]
"""A folder to be read."""

FetchedFile = Annotated[str, PathText(exists=True, own=True)]
"""One file to be read; if it isn't there, the component says how to get it."""

FetchedFolder = Annotated[str, PathText(exists=True, folder=True, own=True)]
"""A folder to be read; if it isn't there, the component says how to get it."""

Target = Annotated[str, PathText(exists=False, folder=True)]
"""A folder to write into, below the project's root."""

Steps = Annotated[Quantity, QuantityOf(("steps",))]
Tokens = Annotated[Quantity, QuantityOf(("tokens",))]
BatchSize = Annotated[Quantity, QuantityOf(("tokens", "examples"))]
Amount = Annotated[Quantity, QuantityOf(("steps", "tokens", "epochs", "time"))]
"""How long to train: the unit says by what it is measured."""
Interval = Annotated[Quantity, QuantityOf(("steps", "epochs"))]
Warmup = Annotated[Quantity, QuantityOf(("steps", "tokens", "epochs"), zero=True)]

Dataset = Annotated[Reference, Artifact("dataset")]
"""All splits of some data."""
Rows = Annotated[Reference, Artifact("rows")]
"""One split, or a dataset without splits."""
Data = Annotated[Reference, Either((Artifact("dataset"), Artifact("rows")))]
"""A dataset or rows."""
TokenizerOf = Annotated[Reference, Artifact("tokenizer")]
CheckpointOf = Annotated[Reference, Artifact("checkpoint")]
ListsOf = Annotated[dict[str, Any], Variations()]
"""Params of the file, each with the list of values that it takes."""
ListsOrDraws = Annotated[dict[str, Any], Variations("distribution")]
"""Params of the file, each with a list of values or with what they are drawn from."""

NumberFormula = Annotated[Formula, FormulaType("task", "number")]
"""A formula over numbers that tasks put out: `pretrain.loss`, evaluated when they have run."""
RowCondition = Annotated[Formula, FormulaType("row", "boolean")]
"""A formula that says of a row whether it is meant: `row.stars > 2`."""


def hidden(default: object = None) -> Any:
    """Make a field that the language doesn't show: the runtime fills it, and it is part of the identity."""
    return Field(default, json_schema_extra={"hidden": True})


def neutral(default: Any = ..., description: str = "", **constraints: Any) -> Any:
    """Make a field that doesn't change the result (workers, device), and so is no part of the identity.

    `constraints` are those of pydantic's `Field` (`ge=1`).
    """
    return Field(default, description=description, json_schema_extra={"identity": False}, **constraints)


def per_trial(default: Any = ..., description: str = "") -> Any:
    """Make a field of a sweep that is in its trials, each as the trial has it.

    It is no part of the identity itself, and what it refers to in the file is none of the sweep's inputs.
    """
    return Field(default, description=description, json_schema_extra={"identity": False, "followed": False})
