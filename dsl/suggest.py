"""Help with a name that is probably misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .diagnostics.model import Fix, Text
from .diagnostics.similar import same, similar
from .source import Span

Suggestion = tuple[tuple[Text, ...], tuple[Fix, ...]]


def suggest(name: str, candidates: Iterable[str], span: Span | None = None, key: str = "help.similar") -> Suggestion:
    """Give the help that names what is similar, and the fix that puts the nearest there; nothing if nothing is."""
    near = similar(name, candidates)
    if not near or span is None:
        return naming(near, key), ()
    # Only the case of letters, look-alikes or a dash: that is no other name.
    certain = same(name, near[0]) and not any(same(name, other) for other in near[1:])
    return naming(near, key), (Fix(span, near[0], certain),)


def naming(names: Sequence[str], key: str = "help.similar") -> tuple[Text, ...]:
    """Give the help that lists names that may have been meant."""
    if not names:
        return ()
    if len(names) == 1:
        return (Text(key, {"similar": names[0]}),)
    return (Text(f"{key}_many", {"similar": [f"`{name}`" for name in names]}),)
