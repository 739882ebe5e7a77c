"""What is wrong with data, said once: at check it becomes a diagnostic, in a run the end of the task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..dsl.diagnostics.model import Text
from .component import Component, Place, TaskFailed

_SHOWN = 60


class BadData(Exception):
    """Raised (or, for one row, handed on) where data is not as the file says.

    `field` is the field of the component that asked for it.
    """

    def __init__(
        self,
        code: str,
        values: Mapping[str, object] | None = None,
        *,
        field: str | None = "path",
        index: str | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(code, dict(values or {}))
        self.code = code
        self.values = dict(values or {})
        self.field = field
        self.index = index
        self.help = help or f"{code}.help"
        self.more: list[BadData] = []
        """What else is wrong at the same place, to be told at check too."""

    def report(self, place: Place, warning: bool = False) -> None:
        """Report it at check."""
        say = place.warning if warning else place.error
        say(self.field, self.code, self.values, help=self.help, index=self.index)
        for other in self.more:
            other.report(place, warning)

    def failure(self, component: Component) -> TaskFailed:
        """Give what ends the task in a run."""
        return TaskFailed(self.code, self.values, field=self.field, help=self.help, component=component)


def line(file: str, number: int) -> Text:
    """Give the place of a line (counted from 1) of a text file."""
    return Text("data.line", {"file": file, "number": number})


def row(file: str, number: int) -> Text:
    """Give the place of a row (counted from 1) of a file that has no lines."""
    return Text("data.row", {"file": file, "number": number})


def whole(file: str) -> Text:
    """Give a file as the place."""
    return Text("data.file", {"file": file})


def shortened(value: object) -> str:
    """Give a value that stands in a message: on one line, and not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def shown_name(path: Path, root: Path) -> str:
    """Give the name of a file as messages call it: relative to the project's root."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
