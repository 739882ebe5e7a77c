"""The line under all diagnostics: `2 errors, 1 warning`."""

from __future__ import annotations

from collections.abc import Iterable

from . import words
from .model import Diagnostic


def summary(diagnostics: Iterable[Diagnostic], language: str | None = None) -> str:
    """Count errors and warnings in words; empty if there are none."""
    language = language or words.language()
    counts = {"error": 0, "warning": 0}
    for diagnostic in diagnostics:
        counts[diagnostic.severity.value] += 1
    parts = [
        words.word(f"summary.{what}" if count == 1 else f"summary.{what}s", language, count=count)
        for what, count in counts.items()
        if count
    ]
    return words.word("words.comma", language).join(parts)
