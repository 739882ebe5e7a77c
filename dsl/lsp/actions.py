"""Diagnostics as an editor shows them, and the fixes that they bring."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types

from ..diagnostics.model import Diagnostic, Fix, Severity
from ..fixes import applicable
from ..source import Source
from .analysis import Analysis
from .positions import Positions
from .say import Say

NAME = "llx"

_SHOWN = 40

Place = Callable[[Source], tuple[str, Positions]]
"""Gives the URI of a source, and its positions."""


def diagnostic(found: Diagnostic, source: Source, place: Place, say: Say) -> types.Diagnostic:
    """Give a diagnostic of a source (or of what it imports, shown at its beginning) in the protocol's form."""
    _, positions = place(source)
    own = found.span is not None and found.span.source is source
    severity = types.DiagnosticSeverity.Error if found.severity is Severity.ERROR else types.DiagnosticSeverity.Warning
    related = [
        types.DiagnosticRelatedInformation(location(label.span.source, label.span.start, label.span.end, place), text)
        for label in found.labels
        if (text := say.text(label.text)) and label.span.source.path is not None
    ]
    unused = found.severity is Severity.WARNING and found.code in _UNUSED
    return types.Diagnostic(
        positions.of(found.span) if own and found.span is not None else positions.range(0, 0),
        message=message(found, say),
        severity=severity,
        code=found.code,
        source=NAME,
        related_information=related or None,
        tags=[types.DiagnosticTag.Unnecessary] if unused else None,
    )


_UNUSED = frozenset({"L0902", "L0903", "L0904"})
"""What nothing uses: editors grey it out."""


def message(found: Diagnostic, say: Say) -> str:
    """Join what a diagnostic says: the message, then the ways out, then the notes."""
    lines = [say.text(found.message)]
    lines += [f"{say('words.help')}: {say.text(text)}" for text in found.helps]
    lines += [f"{say('words.note')}: {say.text(text)}" for text in found.notes]
    return "\n".join(lines)


def location(source: Source, start: int, end: int, place: Place) -> types.Location:
    """Give a place in a file."""
    uri, positions = place(source)
    return types.Location(uri, positions.range(start, end))


def code_actions(
    analysis: Analysis, within: tuple[int, int], uri: str, positions: Positions, say: Say, place: Place
) -> list[types.CodeAction]:
    """Give the fixes of what is wrong within a range, and one that does all that are certain."""
    actions: list[types.CodeAction] = []
    for found in analysis.diagnostics:
        span = found.span
        if span is None or span.source is not analysis.source or span.start > within[1] or span.end < within[0]:
            continue
        for fix in found.fixes:
            if fix.span.source is analysis.source:
                shown = diagnostic(found, analysis.source, place, say)
                actions.append(_quick_fix(fix, found, shown, uri, positions, say))
    everything = fix_all(analysis, uri, positions, say)
    return [*actions, everything] if everything else actions


def _quick_fix(
    fix: Fix, found: Diagnostic, shown: types.Diagnostic, uri: str, positions: Positions, say: Say
) -> types.CodeAction:
    return types.CodeAction(
        title(fix, say),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[shown],
        is_preferred=fix.certain and len(found.fixes) == 1,
        edit=_edit([fix], uri, positions),
    )


def title(fix: Fix, say: Say) -> str:
    """Say what a fix does."""
    old, new = fix.span.text, fix.replacement
    if not new:
        return say("editor.fix.remove", old=_short(old))
    if not old:
        return say("editor.fix.insert", new=_short(new))
    if not new.strip() or not old.strip():
        return say("editor.fix.characters")
    return say("editor.fix.replace", old=_short(old), new=_short(new))


def fix_all(analysis: Analysis, uri: str, positions: Positions, say: Say) -> types.CodeAction | None:
    """Give the action that applies all fixes that are certain and don't touch each other."""
    fixes = applicable(analysis.diagnostics, analysis.source)
    if not fixes:
        return None
    kind = types.CodeActionKind.SourceFixAll
    return types.CodeAction(say("editor.fix.all"), kind=kind, edit=_edit(fixes, uri, positions))


def _edit(fixes: list[Fix], uri: str, positions: Positions) -> types.WorkspaceEdit:
    edits = [types.TextEdit(positions.of(fix.span), fix.replacement) for fix in fixes]
    return types.WorkspaceEdit(changes={uri: edits})


def _short(text: str) -> str:
    line = " ".join(text.split()) if text.strip() else text
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
