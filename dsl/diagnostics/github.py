"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines that they are about.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable

from ..source import Span
from . import words
from .model import Diagnostic


def show(diagnostics: Iterable[Diagnostic], language: str | None = None) -> str:
    """Write diagnostics a command each."""
    language = language or words.language()
    return "".join(_command(diagnostic, language) + "\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic, language: str) -> str:
    properties = {**_place(diagnostic.span), "title": diagnostic.code}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    helps = [f"{words.word('words.help', language)}: {words.render(text, language)}" for text in diagnostic.helps]
    message = "\n".join([words.render(diagnostic.message, language), *helps])
    return f"::{diagnostic.severity.value} {written}::{_data(message)}"


def _place(span: Span | None) -> dict[str, object]:
    """Give the place of a diagnostic; GitHub takes columns only within one line."""
    if span is None or span.source.path is None:
        return {}
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    place: dict[str, object] = {"file": span.source.name, "line": line, "endLine": end_line}
    if line == end_line:
        place |= {"col": column, "endColumn": max(column, end_column)}
    return place


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
