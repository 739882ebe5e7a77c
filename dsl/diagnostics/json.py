"""Diagnostics for machines.

One object:

    {"version": 1,
     "diagnostics": [
       {"code": "L0203", "severity": "error" or "warning", "message": "…",
        "span": SPAN or null, "label": "…" or null,
        "labels": [{"span": SPAN, "text": "…"}],
        "helps": ["…"], "notes": ["…"],
        "fixes": [{"span": SPAN, "replacement": "…", "certain": true}]}],
     "summary": {"errors": 1, "warnings": 0}}

    SPAN = {"file": "…", "start": POSITION, "end": POSITION}, the end not included
    POSITION = {"line": 37, "column": 23, "offset": 812}

Lines and columns count from 1, offsets from 0, both in characters (code points) of the text without a byte
order mark. `version` grows when a key changes its meaning or goes; new keys may come without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..source import Source, Span
from . import words
from .model import Diagnostic, Severity

VERSION = 1


def show(diagnostics: Iterable[Diagnostic], language: str | None = None) -> str:
    """Write diagnostics as one JSON object."""
    return json.dumps(as_data(diagnostics, language), ensure_ascii=False, indent=2) + "\n"


def as_data(diagnostics: Iterable[Diagnostic], language: str | None = None) -> dict[str, Any]:
    """Give diagnostics as the object that `show` writes."""
    language = language or words.language()
    listed = list(diagnostics)
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in listed)
    return {
        "version": VERSION,
        "diagnostics": [_diagnostic(diagnostic, language) for diagnostic in listed],
        "summary": {"errors": errors, "warnings": len(listed) - errors},
    }


def _diagnostic(diagnostic: Diagnostic, language: str) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": words.render(diagnostic.message, language),
        "span": _span(diagnostic.span) if diagnostic.span else None,
        "label": words.render(diagnostic.label, language) if diagnostic.label else None,
        "labels": [
            {"span": _span(label.span), "text": words.render(label.text, language)} for label in diagnostic.labels
        ],
        "helps": [words.render(text, language) for text in diagnostic.helps],
        "notes": [words.render(text, language) for text in diagnostic.notes],
        "fixes": [
            {"span": _span(fix.span), "replacement": fix.replacement, "certain": fix.certain}
            for fix in diagnostic.fixes
        ],
    }


def _span(span: Span) -> dict[str, Any]:
    source = span.source
    return {"file": source.name, "start": _position(source, span.start), "end": _position(source, span.end)}


def _position(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column, "offset": offset}
