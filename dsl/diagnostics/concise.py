"""One line a diagnostic: `reviews.llx:37:23: error[L0203]: unknown field …`."""

from __future__ import annotations

from collections.abc import Iterable

from . import words
from .model import Diagnostic


def show(diagnostics: Iterable[Diagnostic], language: str | None = None) -> str:
    """Write diagnostics a line each; the frame is the same in every language, for tools that read it."""
    language = language or words.language()
    return "".join(_line(diagnostic, language) + "\n" for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic, language: str) -> str:
    place = f"{words.visible(str(diagnostic.span))}: " if diagnostic.span else ""
    message = " ".join(words.render(diagnostic.message, language).split("\n"))
    return f"{place}{diagnostic.severity.value}[{diagnostic.code}]: {message}"
