"""Numbers of a stage that don't go together: warmup, budget, batch, validation, patience."""

from __future__ import annotations

import math

from ....dsl.program import Program
from ....dsl.quantities import Quantity
from ...findings import Also, Findings
from ..stage.training import TrainingStage
from .sizes import bytes_read

_DEFAULT_VALIDATIONS = 10
"""Without `validate` there is one an epoch, and at least so many."""


def optimizer_of_parts(program: Program, findings: Findings) -> None:
    """L0546: an optimizer that can't step on parts of weights, where each process holds a part."""
    backend = getattr(program.settings, "backend", None)
    if backend is None or not backend.sharded:
        return
    for stage in findings.every(TrainingStage):
        if not stage.optimizer.sharded:
            values = {"optimizer": stage.optimizer.name, "backend": backend.name}
            labels = [Also(program.settings, "backend", "sharded.backend")]
            findings.error(stage, "optimizer", "L0546", values, labels=labels, help="L0546.help")


def warmup_beyond_budget(program: Program, findings: Findings) -> None:
    """L0916: a warmup that ends after the budget."""
    for stage in findings.every(TrainingStage):
        rise = stage.schedule.rise()
        for budget in stage.budgets:
            part = ratio(stage, rise, budget) if rise is not None else None
            if part is not None and part >= 1:
                values = {"warmup": rise, "budget": budget, "reached": f"{1 / part:.0%}"}
                findings.warning(
                    stage.schedule, "warmup", "L0916", values, labels=[Also(stage, "budget", "suspicious.budget")]
                )
                break


def patience_beyond_budget(program: Program, findings: Findings) -> None:
    """L0919: an early stop that the budget always comes before."""
    for stage in findings.every(TrainingStage):
        if stage.patience is None:
            continue
        for budget in stage.budgets:
            count = validations(stage, budget)
            if count is not None and 1 < count <= stage.patience:
                values = {"patience": stage.patience, "needed": stage.patience + 1, "count": count, "budget": budget}
                labels = [Also(stage, "validate", "suspicious.validate"), Also(stage, "budget", "suspicious.budget")]
                findings.warning(stage, "patience", "L0919", values, labels=labels)
                break


def validation_beyond_budget(program: Program, findings: Findings) -> None:
    """L0920: the time to the first validation is longer than the budget."""
    for stage in findings.every(TrainingStage):
        for budget in stage.budgets if stage.validate_ is not None else ():
            part = ratio(stage, stage.validate_, budget)
            if part is not None and part > 1:
                values = {"validate": stage.validate_, "budget": budget}
                labels = [Also(stage, "budget", "suspicious.budget")]
                findings.warning(stage, "validate", "L0920", values, labels=labels)
                break


def batch_beyond_budget(program: Program, findings: Findings) -> None:
    """L0921: a batch as large as the whole budget: one step, and nothing is learned from its result."""
    for stage in findings.every(TrainingStage):
        for budget in stage.budgets:
            if budget.dimension == stage.batch.dimension and stage.batch.magnitude >= budget.magnitude:
                values = {"batch": stage.batch, "budget": budget}
                labels = [Also(stage, "budget", "suspicious.budget")]
                findings.warning(stage, "batch", "L0921", values, labels=labels)
                break


def batch_beyond_data(program: Program, findings: Findings) -> None:
    """L0922: a batch that is larger than all the data."""
    for stage in findings.every(TrainingStage):
        size = bytes_read(findings, stage.data, "train" if "train" in stage.data.artifact.splits else None)
        # A token is a byte at least; the marks around documents are what the factor is for.
        if size is not None and stage.batch.dimension == "tokens" and stage.batch.magnitude > 2 * size:
            values = {"batch": stage.batch, "bytes": f"{size:,}"}
            findings.warning(stage, "batch", "L0922", values, labels=[Also(stage, "data", "suspicious.data")])


def micro_batch_beyond_batch(program: Program, findings: Findings) -> None:
    """L0927: a micro-batch that is larger than the batch, and so changes nothing."""
    for stage in findings.every(TrainingStage):
        length = stage.row_length()
        rows = stage.rows_a_step(length or 1) if length or stage.batch.dimension == "examples" else None
        if rows is not None and stage.micro_batch != "auto" and stage.micro_batch > rows:
            values = {"micro_batch": stage.micro_batch, "batch": stage.batch, "rows": rows}
            findings.warning(stage, "micro_batch", "L0927", values, labels=[Also(stage, "batch", "suspicious.batch")])


def budget_never_reached(program: Program, findings: Findings) -> None:
    """L0928: a list of budgets with two of one sort, of which the larger is never reached."""
    for stage in findings.every(TrainingStage):
        least: dict[str, Quantity] = {}
        for budget in stage.budgets:
            other = least.setdefault(budget.dimension, budget)
            if other is not budget:
                small, large = sorted((other, budget), key=lambda one: one.magnitude)
                findings.warning(stage, "budget", "L0928", {"small": small, "large": large})
                break


def ratio(stage: TrainingStage, one: Quantity | None, other: Quantity) -> float | None:
    """Tell how often one quantity holds another, in a stage whose batch says what a step is; None is unknown."""
    if one is None:
        return None
    if one.dimension == other.dimension:
        return one.magnitude / other.magnitude
    first, second = steps(stage, one), steps(stage, other)
    return None if first is None or second is None else first / second


def steps(stage: TrainingStage, quantity: Quantity) -> float | None:
    """Turn a quantity into steps, if that doesn't hang on the data."""
    match quantity.dimension:
        case "steps":
            return float(quantity.magnitude)
        case "tokens":
            tokens = tokens_per_step(stage)
            return quantity.magnitude / tokens if tokens is not None else None
    return None


def tokens_per_step(stage: TrainingStage) -> float | None:
    """Give the tokens of a step, if rows are of one length or the batch is counted in tokens."""
    length = stage.row_length()
    if length is not None:
        return float(stage.rows_a_step(length) * length)
    return float(stage.batch.magnitude) if stage.batch.dimension == "tokens" else None


def validations(stage: TrainingStage, budget: Quantity) -> int | None:
    """Give the most validations that a budget has room for, the one at its end included."""
    if stage.validate_ is not None:
        part = ratio(stage, stage.validate_, budget)
        return None if part is None else math.ceil(round(1 / part, 9))
    if budget.dimension == "epochs":
        return max(math.ceil(budget.magnitude), _DEFAULT_VALIDATIONS + 1)
    return None
