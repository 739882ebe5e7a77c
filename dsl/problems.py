"""From what a component's own rules found to diagnostics."""

from __future__ import annotations

from .catalogue import Problem
from .diagnostics.model import Diagnostic, Label, Severity
from .source import Span


def from_problem(problem: Problem, span: Span, labels: tuple[Label, ...] = ()) -> Diagnostic:
    """Give the diagnostic of what a component's own rules found."""
    return Diagnostic(
        problem.code,
        problem.message,
        span,
        Severity.WARNING if problem.warning else Severity.ERROR,
        label=problem.label,
        labels=labels,
        helps=(problem.help,) if problem.help else (),
    )
