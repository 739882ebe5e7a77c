"""Markdown in a terminal: what the pages of llx use of it, which is headings, paragraphs, code, lists and tables."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDEST = 100
INDENT = 2
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_UNIT = re.compile(rf"\s*[（「『【〈《]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[、。，．）」』】〉》！？ー…]*")
"""What stays on one line: a word, or one character of a script without blanks with the signs that cling to it."""
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


def wrapped(text: str, indent: int) -> list[str]:
    """Break a plain paragraph into lines that fit the terminal, each behind so many blanks."""
    from rich.text import Text

    width = min(WIDEST, shutil.get_terminal_size().columns) - indent
    return [" " * indent + line.plain for line in _lines(Text(joined(text)), width)]


def joined(text: str) -> str:
    """Put the lines of a paragraph into one; where a Japanese text was broken, no blank comes in between."""
    return " ".join(re.sub(rf"(?<=[{_WIDE}])\n\s*(?=[{_WIDE}])", "", text).split())


def _paragraphs(console: Console, text: str) -> None:
    from rich.text import Text

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
                for line in _lines(_styled(joined(item)), console.width - INDENT):
                    console.print(Text(" " * INDENT) + line, soft_wrap=True)
        if paragraph:
            console.print()


def _lines(text: Text, width: int) -> list[Text]:
    """Break a paragraph into lines: between words, and between characters of scripts that have no blanks."""
    from rich.cells import cell_len

    starts, used = [0], 0
    for unit in _UNIT.finditer(text.plain):
        size = cell_len(unit[0])
        if used and used + size > width:
            starts.append(unit.start())
            used = cell_len(unit[0].lstrip())
        else:
            used += size
    lines = text.divide(starts[1:])
    for line in lines:
        line.rstrip()
    return [line[len(line.plain) - len(line.plain.lstrip()) :] for line in lines]


def _code(console: Console, text: str) -> None:
    from rich.text import Text

    for line in text.rstrip("\n").split("\n"):
        # A line of code isn't broken: it would no longer be what can be copied.
        console.print(Text("    " + line, style="cyan"), soft_wrap=True)
    console.print()


def _table(console: Console, text: str) -> None:
    from rich.padding import Padding
    from rich.table import Table

    rows = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.split("\n")
    ]
    table = Table(box=None, pad_edge=False, show_header=any(rows[0]), header_style="dim")
    for heading in rows[0]:
        table.add_column(_styled(heading), overflow="fold")
    for row in rows[2:]:
        table.add_row(*map(_styled, row))
    console.print(Padding(table, (0, 0, 0, INDENT)))


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
