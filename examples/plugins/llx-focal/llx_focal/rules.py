"""A rule over the whole program: what chooses the best checkpoint should see the rare labels, too."""

from __future__ import annotations

from llx.dsl.program import Program
from llx.plugins.api import Also, Findings, Metric, Stage

from .objective import FocalClassification


def chosen_by_accuracy(program: Program, findings: Findings) -> None:
    """focal:select: a stage learns by focal loss, and chooses by accuracy, which rare labels hardly move."""
    for stage in findings.every(Stage):
        objective, select = stage.described_objective(), getattr(stage, "select", None)
        if isinstance(objective, FocalClassification) and isinstance(select, Metric) and select.name == "accuracy":
            learned = Also(stage, "objective", "focal:select.objective")
            findings.warning(stage, "select", "focal:select", {"stage": findings.label(stage)}, labels=[learned])
