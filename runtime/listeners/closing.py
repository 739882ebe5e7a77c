"""The last lines of a run: what was measured, what the model wrote, and where all of it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ...dsl.diagnostics.model import Text
from ...dsl.diagnostics.width import width
from ...dsl.diagnostics.words import visible
from ..words import say, say_text
from .facts import metrics_of, samples_of
from .figures import value

LONGEST = 480
"""Characters of a sample that are shown; the report has the whole."""


class Judgement(Protocol):
    """What is shown of an expectation that was judged."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def shown(self) -> str: ...

    @property
    def reason(self) -> Text | str | None: ...


Results = Iterable[tuple[str, Mapping[str, Any]]]
"""Labels of tasks and their facts, in order."""


def results(tasks: Results) -> list[str]:
    """Write the metrics of all tasks, each with its interval and beside what it must beat."""
    rows: list[tuple[str, ...]] = []
    for label, facts in tasks:
        for index, one in enumerate(metrics_of(facts)):
            reference = "" if one.reference is None else value(one.reference)
            name = f"  {label}" if index == 0 else ""
            rows.append((name, one.title, value(one.value), one.range, reference, one.verdict))
    if not rows:
        return []
    interval = say("cli.results.interval") if any(row[3] for row in rows) else ""
    rows.insert(0, (say("cli.results"), "", "", interval, say("cli.results.reference"), ""))
    widths = [max(width(row[i]) for row in rows) for i in range(5)]
    lines = []
    for row in rows:
        cells = [cell + " " * (w - width(cell)) for cell, w in zip(row[:2], widths[:2], strict=True)]
        right = zip(row[2:5], widths[2:], strict=True)
        cells += [" " * (w - width(cell)) + cell for cell, w in right if w]
        lines.append("  ".join([*cells, row[5]]).rstrip())
    return lines


MARKS = {"met": "✓", "failed": "✗", "open": "·"}
"""How an expectation came out."""


def expectations(verdicts: Iterable[Judgement]) -> list[str]:
    """Write what became of each expectation, with the values that it was judged by."""
    listed = list(verdicts)
    if not listed:
        return []
    widest = max(width(one.name) for one in listed)
    lines = [say("cli.expects")]
    for one in listed:
        name = one.name + " " * (widest - width(one.name))
        reason = say_text(one.reason) if isinstance(one.reason, Text) else one.reason
        why = f"  ({reason})" if reason else ""
        lines.append(f"  {MARKS[one.state]} {name}  {visible(one.shown)}{why}")
    return lines


def proofs(tasks: Results) -> list[str]:
    """Write what was proved of each stage in a smoke run."""
    proved = [(label, facts["proofs"]) for label, facts in tasks if isinstance(facts.get("proofs"), Mapping)]
    if not proved:
        return []
    widest = max(width(label) for label, _ in proved)
    lines = [say("cli.proofs")]
    for label, found in proved:
        names = ", ".join(say(f"cli.proof.{name}") for name in found)
        lines.append(f"  {MARKS['met']} {label}{' ' * (widest - width(label))}  {names}")
    return lines


def samples(tasks: Results, columns: int = 80) -> list[str]:
    """Write the texts that models wrote, wrapped and cut; nothing in them can steer the terminal."""
    lines: list[str] = []
    for label, facts in tasks:
        pairs = samples_of(facts)
        if pairs:
            lines += ["", say("cli.samples", label=label)]
        for prompt, text in pairs:
            whole = " ".join(f"{prompt}{text}".split())
            shown = visible(whole[:LONGEST] + ("…" if len(whole) > LONGEST else ""))
            lines += [*wrap(shown, columns - 4, "    "), ""]
    return lines[1:-1] if lines else []


def places(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Write where things are, in two columns."""
    widest = max((width(name) for name, _ in rows), default=0)
    return [f"  {name}{' ' * (widest - width(name))}  {place}" for name, place in rows]


def wrap(text: str, columns: int, indent: str) -> list[str]:
    """Wrap a text at blanks, or anywhere where it has none, as Japanese does."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width(line) > columns:
            at = len(line)
            while width(line[:at]) > columns:
                at -= 1
            lines.append(line[:at])
            line = line[at:]
    return [indent + line for line in [*lines, line]]
