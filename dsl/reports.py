"""Where the passes put what they find: a list of diagnostics with a limit, in the order of the file."""

from __future__ import annotations

from typing import Any

from .diagnostics.model import Diagnostic, Fix, Label, Severity, Text
from .source import Source, Span

LIMIT = 100
"""More syntax errors than this help nobody; a binary file would make thousands."""


class Reports:
    """Collects the syntax errors of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []

    @property
    def full(self) -> bool:
        return len(self.found) >= LIMIT

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def has(self, start: int) -> bool:
        """Tell whether something was found at an offset."""
        return any(diagnostic.span is not None and diagnostic.span.start == start for diagnostic in self.found)

    def withdraw(self, code: str, start: int) -> None:
        """Take back what was found with a code from an offset on: it follows from something else."""
        self.found = [one for one in self.found if one.code != code or one.span is None or one.span.start < start]

    def error(
        self,
        code: str,
        start: int,
        end: int,
        *,
        label: Text | None = None,
        labels: tuple[Label, ...] = (),
        helps: tuple[Text, ...] = (),
        notes: tuple[Text, ...] = (),
        fixes: tuple[Fix, ...] = (),
        **values: Any,
    ) -> None:
        """Add an error whose message is the text of its code; `L0104.opening` is another wording of L0104."""
        if not self.full:
            self.found.append(
                Diagnostic(
                    code.split(".")[0],
                    Text(code, values),
                    self.span(start, end),
                    Severity.ERROR,
                    label=label,
                    labels=labels,
                    helps=helps,
                    notes=notes,
                    fixes=fixes,
                )
            )

    def finished(self) -> list[Diagnostic]:
        """Give what was found in the order of the file, each place and code once."""
        seen: set[tuple[str, int]] = set()
        result = []
        for diagnostic in sorted(self.found, key=lambda d: d.span.start if d.span else 0):
            key = (diagnostic.code, diagnostic.span.start if diagnostic.span else 0)
            if key not in seen:
                seen.add(key)
                result.append(diagnostic)
        if self.full and result[-1].span is not None:
            last = result[-1].span
            result.append(Diagnostic("L0199", Text("L0199", {"limit": LIMIT}), self.span(last.end, last.end)))
        return result


def shorten(text: str, width: int = 30) -> str:
    """Cut a text for a message."""
    return text if len(text) <= width else text[: width - 1] + "…"
