"""Projects that are built to hurt, and the judge of the answers that they get.

An answer is good if it has the expected code, points to the place in the `.llx` that is concerned, says in both
languages what is wrong (file, row, field, value) and, in a help of its own, the way out; and if nothing was run that
the files brought along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.dsl.diagnostics.plain import show
from llx.dsl.diagnostics.words import catalogue, render
from llx.runtime import face, words

Content = bytes | str | Callable[[Path], None]
"""What lies in a file; a function makes at the path something that is no plain file."""

CANARY = "canary"
"""The file that hostile code would make in the project, if anything ran it."""

for _language in ("en", "ja"):
    words.load(_language)

_RANGES = "L03"
"""Codes whose message tells what the field takes, which is the way out."""

_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True)
class Case:
    """A project with something wrong in it, and the answer that it must get."""

    name: str
    experiment: str
    files: Mapping[str, Content]
    code: str
    at: str | None
    """The text in the `.llx` that the answer points to; None for what has no place there."""
    says: tuple[str, ...] = ()
    """What the message must name."""
    when: str = "check"
    """The earliest moment at which it can be known: check, plan or run."""
    helps: tuple[str, ...] = field(default=())
    """What the help must name."""
    only: tuple[str, ...] = ()
    """The tasks to run, where the file has none that runs by itself."""


def build(root: Path, case: Case) -> Path:
    """Write a case's project and give its experiment."""
    for name, content in case.files.items():
        put(root / name, content)
    path = root / "case.llx"
    path.write_text(case.experiment, encoding="utf-8")
    return path


def put(path: Path, content: Content) -> None:
    """Write one file of a project."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_bytes(content.encode())
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)


def answer(path: Path, when: str, only: tuple[str, ...] = ()) -> list[Diagnostic]:
    """Give the errors that a file gets, and see that they come no later and no earlier than they can."""
    checked = face.check(path)
    if when == "check":
        return errors(checked.diagnostics)
    assert checked.ok, show(checked.diagnostics, "en")
    if when == "plan":
        planned = errors(face.plan(path, only=only).diagnostics)
        assert [one.code for one in planned] == [one.code for one in errors(face.run(path, only=only).diagnostics)]
        return planned
    assert face.plan(path, only=only).ok
    result = face.run(path, only=only)
    assert not result.ok
    assert result.exit_code in (1, 3)
    return errors(result.diagnostics)


def errors(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return [diagnostic for diagnostic in diagnostics if diagnostic.is_error]


def judge(root: Path, case: Case) -> None:
    """Hold the answer to a case against what it must be."""
    found = answer(build(root, case), case.when, case.only)
    assert [one.code for one in found] == [case.code], show(found, "en")
    good(found[0], case.at, case.says, case.helps)
    assert not (root / CANARY).exists(), "something that came with the files was run"


def good(
    diagnostic: Diagnostic, at: str | None = None, says: tuple[str, ...] = (), helps: tuple[str, ...] = ()
) -> None:
    """See that a diagnostic has its place, its words in both languages, and a way out that isn't in the message."""
    assert (diagnostic.span.text if diagnostic.span else None) == at, show([diagnostic], "en")
    assert diagnostic.helps or diagnostic.notes or diagnostic.code.startswith(_RANGES), (
        f"{diagnostic.code} shows no way out"
    )
    for language in ("en", "ja"):
        message = spoken(diagnostic.message, language)
        help = "\n".join(spoken(text, language) for text in diagnostic.helps)
        for word in says:
            assert word in message, f"{word!r} is not named ({language}): {message}"
        for word in helps:
            assert word in help, f"{word!r} is not in the help ({language}): {help}"
        assert language == "en" or (_JAPANESE.search(message) and (_JAPANESE.search(help) or not help))
        whole = show([diagnostic], language)
        assert "Traceback" not in whole
        assert len(whole) < 4000, "nobody reads that much"
        if diagnostic.span is not None:
            assert str(diagnostic.span) in whole


def spoken(text: Text, language: str) -> str:
    """Put a text into words, and see that its language has it with every value, the texts within included."""
    assert text.key in catalogue(language), f"{text.key} has no words in {language}"
    said = render(text, language)
    assert not re.search(r"(?<!\$)\{\w+(:\w+)?\}", re.sub("`[^`]*`", "", said)), said
    for value in text.values.values():
        if isinstance(value, Text):
            spoken(value, language)
    return said
