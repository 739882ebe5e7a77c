"""`llx.lock`: the exact versions of each experiment's last run, in the project's root, to be kept under version control.

One section a file of an experiment, so that those of a project share the lock. It is TOML, always written alike, and
only when something in it changes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dsl.diagnostics.model import Diagnostic, Severity, Text
from ..dsl.program import Program
from ..dsl.source import Span
from .files import write_text
from .records import file_name
from .versions import Package, Versions

NAME = "llx.lock"
FORMAT = 1

_HEAD = """# The exact versions that each experiment of this project ran with last. Written by `llx run`; keep it under version
# control. `llx run --locked` refuses to run with others.
"""


class Unreadable(Exception):
    """Raised for a lock that is there and can't be understood; it is left as it is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was locked; None is something that wasn't, or isn't, there."""

    name: str
    locked: Package | str | None
    now: Package | str | None

    @property
    def text(self) -> Text:
        """Give the difference in words."""
        values = {"name": self.name, "locked": _shown(self.locked), "now": _shown(self.now)}
        if self.locked is None or self.now is None:
            return Text("L0860.new" if self.locked is None else "L0860.gone", values)
        return Text("L0860.file" if isinstance(self.now, str) else "L0860.package", values)


def refusal(program: Program, now: Versions) -> Diagnostic | None:
    """Give the error with everything that differs from the lock, or None if nothing does."""
    section = section_of(program)
    try:
        locked = read(program.root).get(section)
    except Unreadable as error:
        helps = (Text("L0862.help"),)
        return Diagnostic("L0862", Text("L0862", {"reason": str(error)}), None, helps=helps)
    if locked is None:
        return Diagnostic("L0861", Text("L0861", {"file": section}), None, helps=(Text("L0861.help"),))
    different = differences(locked, now)
    if not different:
        return None
    notes = tuple(one.text for one in different)
    values = {"file": section, "count": len(different)}
    return Diagnostic(
        "L0860", Text("L0860", values), _place(program, different), helps=(Text("L0860.help"),), notes=notes
    )


def differences(locked: Versions, now: Versions) -> list[Difference]:
    """Give what is not as it was locked, by name."""
    pairs: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
        (locked.packages, now.packages),
        (locked.files, now.files),
    ]
    return [
        Difference(name, before.get(name), after.get(name))
        for before, after in pairs
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def record(program: Program, now: Versions) -> Diagnostic | None:
    """Write the versions of a run into the lock; give the warning if that can't be done."""
    section = section_of(program)
    try:
        with _alone(program.root):
            sections = read(program.root)
            if sections.get(section) != now:
                # A file that is gone has nothing to be locked for.
                kept = {name: one for name, one in sections.items() if (program.root / name).is_file()}
                write_text(program.root / NAME, text_of(kept | {section: now}))
    except Unreadable as error:
        return _warning("L0862", reason=str(error))
    except OSError as error:
        return _warning("L0863", reason=error.strerror or type(error).__name__)
    return None


def read(root: Path) -> dict[str, Versions]:
    """Read the lock of a project: the versions by the experiment's file; nothing if there is no lock."""
    import tomllib

    try:
        text = (root / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(getattr(error, "strerror", None) or str(error)) from error
    try:
        data = tomllib.loads(text)
        if data and data.get("format") != FORMAT:
            raise Unreadable(f"format {data.get('format')}")
        return {name: Versions.from_json(section) for name, section in data.get("experiment", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split())) from error


def text_of(sections: Mapping[str, Versions]) -> str:
    """Give the text of a lock; the same versions always give the same text."""
    lines = [_HEAD, f"format = {FORMAT}"]
    for name, versions in sorted(sections.items()):
        lines += ["", f"[experiment.{_key(name)}.packages]"]
        for package, one in sorted(versions.packages.items()):
            values = ", ".join(f"{key} = {_key(value)}" for key, value in one.as_json().items())
            lines.append(f"{_key(package)} = {{ {values} }}")
        lines += ["", f"[experiment.{_key(name)}.files]"]
        lines += [f"{_key(file)} = {_key(digest)}" for file, digest in sorted(versions.files.items())]
    return "\n".join(lines) + "\n"


def section_of(program: Program) -> str:
    """Give the name of an experiment's section: its file, relative to the root."""
    return file_name(program.source.path, program.root, program.source.name)


def _key(text: str) -> str:
    # A basic string of TOML is one of JSON, but for DEL. A name may hold bytes that are no text.
    text = text.encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: Package | str | None) -> str:
    return value[: len("sha256:") + 12] if isinstance(value, str) else str(value)


def _place(program: Program, different: list[Difference]) -> Span | None:
    """Give the place of the first `use` whose distribution differs."""
    names = {one.name for one in different}
    uses = (use for scope in program.scopes.values() for use in scope.uses)
    return next((use.span for use in uses if use.name in names), None)


def _warning(code: str, **values: object) -> Diagnostic:
    return Diagnostic(code, Text(code, values), None, Severity.WARNING, helps=(Text(f"{code}.help"),))


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other runs of the project from writing the lock at the same time."""
    import fcntl

    handle = os.open(root, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
