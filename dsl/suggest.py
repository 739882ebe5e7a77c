"""Help with a name that is probably misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .diagnostics.model import Fix, Text
from .diagnostics.similar import similar
from .source import Span

Suggestion = tuple[tuple[Text, ...], tuple[Fix, ...]]


def suggest(name: str, candidates: Iterable[str], span: Span | None = None, key: str = "help.similar") -> Suggestion:
    """Give the help that names what is similar, and the fix that puts the nearest there; nothing if nothing is."""
    near = similar(name, candidates)
    fixes = (Fix(span, near[0], certain=False),) if near and span is not None else ()
    return naming(near, key), fixes


def naming(names: Sequence[str], key: str = "help.similar") -> tuple[Text, ...]:
    """Give the help that lists names that may have been meant."""
    if not names:
        return ()
    if len(names) == 1:
        return (Text(key, {"similar": names[0]}),)
    return (Text(f"{key}_many", {"similar": [f"`{name}`" for name in names]}),)
