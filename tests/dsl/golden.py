"""Golden cases: a file of the language with what llx says of it written at its end.

Lines that start with `#! ` at its end are what `llx check` must say, in English; `LLX_UPDATE_CASES=1` writes them anew
(read the difference before you commit it).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.words import render

SYNTAX = "#! syntax\n"
PARAMS = "#! params "


@dataclass(frozen=True)
class Case:
    """A case: the text that is checked, and what is said of it."""

    path: Path
    text: str
    expected: str

    @classmethod
    def read(cls, path: Path) -> Case:
        lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
        end = len(lines)
        while end > 1 and lines[end - 1].startswith(("#! ", "#= ")):
            end -= 1
        return cls(path, "".join(lines[:end]), "".join(lines[end:]))

    @property
    def only_syntax(self) -> bool:
        return self.text.startswith(SYNTAX)


def described(diagnostic: Diagnostic) -> str:
    """Write a diagnostic as a case holds it."""
    span = diagnostic.span
    place = f"{span.line}:{span.column} {span.text.split(chr(10))[0][:40]!r} " if span else ""
    lines = [f"{diagnostic.code} {place}{render(diagnostic.message, 'en')}"]
    if diagnostic.label:
        lines.append(f"  label {render(diagnostic.label, 'en')}")
    lines += [
        f"  label {label.span.line}:{label.span.column} {render(label.text, 'en')}" for label in diagnostic.labels
    ]
    lines += [f"  help {render(text, 'en')}" for text in diagnostic.helps]
    lines += [f"  note {render(text, 'en')}" for text in diagnostic.notes]
    for fix in diagnostic.fixes:
        sure = "" if fix.certain else " perhaps"
        lines.append(f"  fix{sure} {fix.span.line}:{fix.span.column} {fix.span.text!r} -> {fix.replacement!r}")
    return "".join(f"#! {line}\n" for line in lines)


def compare(case: Case, said: str) -> None:
    """Hold what was said against what the case expects, or write it there."""
    if os.environ.get("LLX_UPDATE_CASES"):
        case.path.write_bytes((case.text + said).encode("utf-8"))
    else:
        assert said == case.expected
