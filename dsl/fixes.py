"""Apply the fixes that diagnostics bring to a text."""

from __future__ import annotations

from collections.abc import Iterable

from .diagnostics.model import Diagnostic, Fix
from .source import Source


def applicable(diagnostics: Iterable[Diagnostic], source: Source, likely: bool = False) -> list[Fix]:
    """Give the fixes to apply to a source now: one of each diagnostic, in the order of the text, none that overlap.

    The fixes of one diagnostic are alternatives, the best one first. Of two that overlap, or meet at one place, the
    one that begins first wins (of two that begin together, the longer one): the other may no longer be meant
    when that is done, and comes with the next check if it is. `likely` takes those that aren't certain, too.
    """
    chosen = []
    for diagnostic in diagnostics:
        fitting = (fix for fix in diagnostic.fixes if fix.certain or likely)
        fix = next(fitting, None)
        if fix is not None and fix.span.source is source and fix.span.text != fix.replacement:
            chosen.append(fix)
    chosen.sort(key=lambda fix: (fix.span.start, -fix.span.end))
    kept: list[Fix] = []
    for fix in chosen:
        if not kept or fix.span.start > kept[-1].span.end:
            kept.append(fix)
    return kept


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """Give a text with fixes applied; they don't overlap."""
    pieces: list[str] = []
    done = 0
    for fix in sorted(fixes, key=lambda fix: fix.span.start):
        assert fix.span.start >= done, "fixes that overlap"
        pieces += [text[done : fix.span.start], fix.replacement]
        done = fix.span.end
    return "".join([*pieces, text[done:]])
