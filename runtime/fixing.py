"""Fix a file as far as its diagnostics know how: check, apply, and check again until nothing is left to apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..dsl.check import find_root
from ..dsl.fixes import applicable, apply
from ..dsl.source import Source
from .face import check, check_source
from .files import rewrite
from .results import CheckResult

_BOM = b"\xef\xbb\xbf"

ROUNDS = 100
"""More rounds than this mean that fixes undo, or repeat, each other."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing a file came to; the file itself is as it was."""

    before: Source | None
    """None if the file can't be read."""
    text: str
    count: int
    checked: CheckResult
    """The check of the new text."""

    @property
    def changed(self) -> bool:
        return self.before is not None and self.text != self.before.text


def fix(file: Path, *, params: Sequence[str] = (), likely: bool = False) -> Fixed:
    """Apply the certain fixes of a file's diagnostics, and with `likely` the others too, in memory.

    What another file's text would mend (an imported one) is left to a check of that file.
    """
    checked = check(file, params=params)
    before = source = checked.source
    count = 0
    seen = {source.text} if source is not None else set()
    for _ in range(ROUNDS):
        if source is None:
            break
        fixes = applicable(checked.diagnostics, source, likely)
        text = apply(source.text, fixes)
        if not fixes or text in seen:
            break
        seen.add(text)
        count += len(fixes)
        source = Source(source.name, text, source.path)
        checked = check_source(source, file, find_root(file), params)
    else:
        # It comes to no end, so it mends nothing: better the file as it was.
        return Fixed(before, before.text if before else "", 0, check(file, params=params))
    return Fixed(before, source.text if source else "", count, checked)


def write(fixed: Fixed) -> bool:
    """Put the new text into the file, whose byte order mark stays; False if it holds another text by now."""
    assert fixed.before is not None and fixed.before.path is not None, "it was read"
    data = fixed.before.path.read_bytes()
    mark = _BOM if data.startswith(_BOM) else b""
    if data != mark + fixed.before.text.encode():
        return False
    rewrite(fixed.before.path, mark + fixed.text.encode())
    return True
