"""Diagnostics as SARIF 2.1.0, which code scanning services and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

A rule is a code; its descriptions are the texts of the catalogue, with `…` for what each diagnostic puts in.
Columns count code points. A fix of several alternatives is several fixes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from ..source import Source, Span
from . import words
from .model import Diagnostic, Fix, Text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""The base of relative addresses: the folder that llx was called in, which services take for the repository's root."""

_PLACEHOLDER = re.compile(r"\{\w+(?::\w+)?\}")


def show(diagnostics: Iterable[Diagnostic], language: str | None = None, version: str = "") -> str:
    """Write diagnostics as one SARIF log; `version` is that of the tool."""
    return json.dumps(as_data(diagnostics, language, version), ensure_ascii=False, indent=2) + "\n"


def as_data(diagnostics: Iterable[Diagnostic], language: str | None = None, version: str = "") -> dict[str, Any]:
    """Give diagnostics as the object that `show` writes."""
    language = language or words.language()
    listed = list(diagnostics)
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in listed))
    driver: dict[str, Any] = {"name": "llx", "rules": [_rule(code, language) for code in codes]}
    if version:
        driver["version"] = version
    run = {
        "tool": {"driver": driver},
        "language": language,
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code), language) for diagnostic in listed],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, language: str) -> dict[str, Any]:
    template = words.catalogue(language).get(code) or words.catalogue("en").get(code, code)
    return {
        "id": code,
        "shortDescription": {"text": _PLACEHOLDER.sub("…", template)},
        "help": {"text": f"llx explain {code}", "markdown": f"`llx explain {code}`"},
    }


def _result(diagnostic: Diagnostic, rule: int, language: str) -> dict[str, Any]:
    def said(texts: Iterable[Text]) -> list[str]:
        return [words.render(text, language) for text in texts]

    message = "\n".join(said([diagnostic.message, *diagnostic.helps, *diagnostic.notes]))
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": message},
        "locations": [],
    }
    if diagnostic.span is not None:
        location = _location(diagnostic.span)
        if diagnostic.label is not None:
            region = location.get("physicalLocation", {}).get("region")
            if region is not None:
                region["message"] = {"text": words.render(diagnostic.label, language)}
        result["locations"].append(location)
    related = [label for label in diagnostic.labels if label.span.source.path is not None]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(label.span), "message": {"text": words.render(label.text, language)}}
            for number, label in enumerate(related, 1)
        ]
    fixes = [_fix(fix, language) for fix in diagnostic.fixes if fix.span.source.path is not None]
    if fixes:
        result["fixes"] = fixes
    return result


def _fix(fix: Fix, language: str) -> dict[str, Any]:
    key = "fix.remove" if not fix.replacement else "fix.replace" if fix.span.text else "fix.insert"
    text = words.word(key, language, old=fix.span.text, new=fix.replacement)
    replacement = {"deletedRegion": _region(fix.span), "insertedContent": {"text": fix.replacement}}
    return {
        "description": {"text": text},
        "artifactChanges": [{"artifactLocation": _artifact(fix.span.source), "replacements": [replacement]}],
        "properties": {"certain": fix.certain},
    }


def _location(span: Span) -> dict[str, Any]:
    if span.source.path is None:
        # What was given on the command line lies in no file.
        return {"logicalLocations": [{"name": span.source.name, "kind": "parameter"}]}
    return {"physicalLocation": {"artifactLocation": _artifact(span.source), "region": _region(span)}}


def _artifact(source: Source) -> dict[str, Any]:
    path = PurePath(source.name)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": ROOT}


def _region(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": span.start,
        "charLength": span.end - span.start,
    }
