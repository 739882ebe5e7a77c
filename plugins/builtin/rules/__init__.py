"""Rules over a whole program: a rule is one function with its codes, and reports through `Findings`."""

from __future__ import annotations

from collections.abc import Callable

from ....dsl.program import Program
from ...findings import Findings

Rule = Callable[[Program, Findings], None]


def rules() -> tuple[Rule, ...]:
    """Give all rules, in the order in which they run."""
    from . import labels, leakage, training, values, weights
    from .exports import shared_folders

    return (
        shared_folders,
        leakage.trained_on_test_rows,
        leakage.chosen_by_test_rows,
        leakage.validated_on_training_rows,
        leakage.measured_on_known_rows,
        leakage.judged_by_invented_rows,
        leakage.tokenizer_knows_test_rows,
        weights.vocabulary_of_weights,
        labels.lists_of_labels,
        labels.labels_like_ids,
        labels.one_label,
        labels.unknown_labels,
        labels.tags_that_mark_nothing,
        values.learning_rate,
        values.weight_decay,
        values.betas_reversed,
        values.large_eps,
        values.dropout,
        values.label_smoothing,
        values.vocabulary_of_too_little_text,
        training.optimizer_of_parts,
        training.warmup_beyond_budget,
        training.patience_beyond_budget,
        training.validation_beyond_budget,
        training.batch_beyond_budget,
        training.batch_beyond_data,
        training.micro_batch_beyond_batch,
        training.budget_never_reached,
    )


def run(program: Program, findings: Findings) -> None:
    """Run all rules; one that fails keeps no other from running.

    Where a file uses plugins, what failed may be theirs. Nothing is said of it then: the plan asks their code again, and
    knows whose it is.
    """
    failed: Exception | None = None
    for rule in rules():
        try:
            rule(program, findings)
        except Exception as error:
            failed = failed or error
    if failed is not None and not any(scope.uses for scope in program.scopes.values()):
        raise failed
