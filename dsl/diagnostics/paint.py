"""Colours, or none."""

from __future__ import annotations

from .model import Severity


class Paint:
    """Colours what a renderer writes; without colour every text stays as it is, and click is not needed."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def severity(self, severity: Severity, text: str) -> str:
        return self._style(text, "red" if severity is Severity.ERROR else "yellow", bold=True)

    def strong(self, text: str) -> str:
        return self._style(text, None, bold=True)

    def frame(self, text: str) -> str:
        return self._style(text, "blue", bold=True)

    def _style(self, text: str, colour: str | None, bold: bool) -> str:
        if not self.colour or not text.strip():
            return text
        import click

        return click.style(text, fg=colour, bold=bold)
