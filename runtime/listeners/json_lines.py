"""Events as JSON lines: the record of a run (`events.jsonl`), and `llx run --json`.

The first line is `{"format": 1, …}`. Each further line is one event: `event` names it (`run_started`, `step`, …),
`time` is in seconds since 1970, and the rest are the fields of the event. A text has its `key`, its `values` and
the `text` in the language of the run. A number that isn't finite is one of the strings "NaN", "Infinity" and
"-Infinity", because JSON has no word for it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import IO, Any

from ... import __version__
from ...dsl.diagnostics.model import Diagnostic, Severity, Text
from ...dsl.source import Span
from ..events import (
    Event,
    Judged,
    Note,
    PlanChanged,
    RunFinished,
    RunStarted,
    Sampled,
    Step,
    TaskFailedEvent,
    TaskFinished,
    TaskLine,
    TaskProgress,
    TaskStarted,
    Validated,
)
from ..words import say_text

FORMAT = 1

NAMES: dict[type[Event], str] = {
    RunStarted: "run_started",
    PlanChanged: "plan_changed",
    TaskStarted: "task_started",
    TaskProgress: "task_progress",
    Step: "step",
    Validated: "validated",
    Sampled: "sampled",
    Note: "note",
    TaskFinished: "task_finished",
    TaskFailedEvent: "task_failed",
    Judged: "judged",
    RunFinished: "run_finished",
}


class JsonLines:
    """Writes each event as a line; with `progress_every`, progress at most once in so many seconds a task.

    Without it, progress isn't written at all: a record holds what is worth keeping.
    """

    def __init__(self, stream: IO[str], progress_every: float | None = None) -> None:
        self.stream = stream
        self.progress_every = progress_every
        self._said: dict[str, float] = {}
        self._write(header())

    def __call__(self, event: Event) -> None:
        if isinstance(event, TaskProgress):
            if self.progress_every is None or event.time - self._said.get(event.fingerprint, 0) < self.progress_every:
                return
            self._said[event.fingerprint] = event.time
        self._write(encode(event))

    def _write(self, value: Mapping[str, Any]) -> None:
        self.stream.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
        self.stream.flush()


def header() -> dict[str, Any]:
    """Give the first line: the format, and what wrote it."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {"format": FORMAT, "llx": __version__, "python": python, "platform": sys.platform}


def encode(event: Event) -> dict[str, Any]:
    """Turn an event into plain JSON values."""
    kind = type(event)
    encoded: dict[str, Any] = {"event": NAMES.get(kind, kind.__name__), "time": round(event.time, 3)}
    for name in kind.__dataclass_fields__:
        if name != "time":
            encoded[name] = plain(getattr(event, name))
    if isinstance(event, RunFinished) and "torch" in sys.modules:
        encoded["torch"] = str(sys.modules["torch"].__version__)
    return encoded


def plain(value: Any) -> Any:
    """Turn a value of an event into what JSON holds."""
    if value is None or isinstance(value, str | bool | int):
        return str(value) if isinstance(value, Severity) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, Text):
        return {"key": value.key, "values": plain(value.values), "text": say_text(value)}
    if isinstance(value, Span):
        return {"file": value.source.name, "line": value.line, "column": value.column}
    if isinstance(value, TaskLine):
        return {name: plain(getattr(value, name)) for name in TaskLine.__dataclass_fields__}
    if isinstance(value, Diagnostic):
        return _diagnostic(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        return plain(value.item())
    return str(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": plain(diagnostic.message),
        "span": plain(diagnostic.span),
        "helps": plain(diagnostic.helps),
        "notes": plain(diagnostic.notes),
    }
