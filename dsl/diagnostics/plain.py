"""Diagnostics for people: the message, the lines it is about, what is to be seen there, and the way out."""

from __future__ import annotations

from collections.abc import Iterable

from . import words
from .model import Diagnostic
from .paint import Paint
from .snippet import Mark, snippet


def show(diagnostics: Iterable[Diagnostic], language: str | None = None, colour: bool = False) -> str:
    """Write diagnostics one after the other, with an empty line between them."""
    language = language or words.language()
    paint = Paint(colour)
    return "\n".join(_show(diagnostic, language, paint) for diagnostic in diagnostics)


def _show(diagnostic: Diagnostic, language: str, paint: Paint) -> str:
    severity = diagnostic.severity
    head = f"{words.word('words.' + severity.value, language)}[{diagnostic.code}]"
    message = words.render(diagnostic.message, language)
    lines = [paint.severity(severity, head) + paint.strong(f": {message}")]
    gutter = 1
    if diagnostic.span is not None:
        marks = [Mark(diagnostic.span, _words(diagnostic, language), True)]
        marks += [Mark(label.span, words.render(label.text, language), False) for label in diagnostic.labels]
        shown, gutter = snippet(marks, paint, severity)
        lines += shown
    pad = " " * (gutter + 1)
    footers = [("help", text) for text in diagnostic.helps] + [("note", text) for text in diagnostic.notes]
    if footers and diagnostic.span is not None:
        lines.append(pad + paint.frame("|"))
    for what, text in footers:
        name = words.word("words." + what, language)
        first, *more = words.render(text, language).split("\n")
        lines.append(f"{pad}{paint.frame('=')} {paint.strong(name)}: {first}")
        lines += [f"{pad}  {line}" for line in more]
    return "\n".join(lines) + "\n"


def _words(diagnostic: Diagnostic, language: str) -> str:
    return words.render(diagnostic.label, language) if diagnostic.label else ""
