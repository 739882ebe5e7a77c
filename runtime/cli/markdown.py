"""Markdown in a terminal: what the pages of llx use of it, which is headings, paragraphs, code, lists and tables."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDEST = 100
_FENCE = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\([^)]*\)")


def show(text: str, *, colour: bool, width: int | None = None) -> str:
    """Set a page for a terminal of a width (its own unless said); what is not coloured is still indented."""
    import io

    from rich.console import Console

    columns = width or min(WIDEST, shutil.get_terminal_size().columns)
    console = Console(
        file=io.StringIO(),
        width=columns,
        color_system="standard" if colour else None,
        force_terminal=colour,
        highlight=False,
        legacy_windows=False,
    )
    at = 0
    for fence in _FENCE.finditer(text):
        _paragraphs(console, text[at : fence.start()])
        _code(console, fence[1])
        at = fence.end()
    _paragraphs(console, text[at:])
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.strip("\n").split("\n")) + "\n"


def _paragraphs(console: Console, text: str) -> None:
    from rich.padding import Padding

    for paragraph in re.split(r"\n{2,}", text.strip()):
        if paragraph.startswith("#"):
            marks, _, title = paragraph.partition(" ")
            styled = _styled(title)
            styled.stylize("bold" if len(marks) > 1 else "bold underline")
            console.print(styled)
        elif paragraph.startswith("|"):
            _table(console, paragraph)
        elif paragraph:
            for item in re.split(r"\n(?=- )", paragraph):
                # A line that a Japanese text was broken at doesn't become a blank.
                joined = re.sub(r"(?<=[^\x00-\x7f])\n\s*(?=[^\x00-\x7f])", "", item)
                console.print(Padding(_styled(" ".join(joined.split())), (0, 0, 0, 2)))
        if paragraph:
            console.print()


def _code(console: Console, text: str) -> None:
    from rich.text import Text

    for line in text.rstrip("\n").split("\n"):
        # A line of code isn't broken: it would no longer be what can be copied.
        console.print(Text("    " + line, style="cyan"), soft_wrap=True)
    console.print()


def _table(console: Console, text: str) -> None:
    from rich.padding import Padding
    from rich.table import Table

    rows = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.split("\n")]
    table = Table(box=None, pad_edge=False, show_header=any(rows[0]), header_style="dim")
    for heading in rows[0]:
        table.add_column(_styled(heading), overflow="fold")
    for row in rows[2:]:
        table.add_row(*map(_styled, row))
    console.print(Padding(table, (0, 0, 0, 2)))


def _styled(text: str) -> Text:
    """Set code, strong words and links; without colours the backquotes stay, since they alone mark code then."""
    from rich.text import Text

    styled, at = Text(), 0
    for match in _INLINE.finditer(text):
        code, strong, link = match.groups()
        styled.append(text[at : match.start()])
        if code is not None:
            styled.append(f"`{code}`", style="cyan")
        else:
            styled.append(strong or link, style="bold" if strong else "")
        at = match.end()
    styled.append(text[at:])
    return styled
