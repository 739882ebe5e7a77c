"""Pages in a terminal: lines fit, code is left whole, and Japanese breaks where it may."""

from __future__ import annotations

import re

from llx.runtime.cli.markdown import show
from rich.cells import cell_len

PAGE = """# A title

One paragraph with `code` and **strong words** and a [link](elsewhere.md), long enough for two lines.

- an item
- another

```llx
let a_line_of_code_that_is_longer_than_the_width_of_the_terminal = 1
```

| name | what |
|---|---|
| `lr` | a \\| b |
"""


def test_every_part_is_set_and_code_is_not_broken() -> None:
    shown = show(PAGE, colour=False, width=40).split("\n")
    assert shown[0] == "A title"
    assert "    let a_line_of_code_that_is_longer_than_the_width_of_the_terminal = 1" in shown
    assert all(len(line) <= 40 for line in shown if "a_line_of" not in line)
    assert "  - an item" in shown
    assert any(re.fullmatch(r"  `lr` +a \| b", line) for line in shown)
    text = " ".join(" ".join(shown).split())
    assert "One paragraph with `code` and strong words and a link, long enough for two lines." in text
    assert "elsewhere" not in text
    assert "\x1b" not in text


def test_colours_are_there_when_asked_for() -> None:
    assert "\x1b[" in show(PAGE, colour=True, width=40)


def test_japanese_breaks_between_characters_but_not_before_a_stop() -> None:
    paragraph = (
        "データには分割がありますが、ここでは 1 組の行が必要です。全部を使うと、テスト用の分割まで含まれます（例）。"
    )
    for width in range(20, 60):
        lines = show(paragraph, colour=False, width=width).strip("\n").split("\n")
        assert all(cell_len(line) <= width + 2 for line in lines), "a stop may stand in the margin"
        assert all(line.startswith("  ") for line in lines)
        assert not any(line.lstrip()[0] in "、。）" for line in lines)
        assert not any(line.endswith("（") for line in lines)
        assert "".join(line.strip() for line in lines).replace(" ", "") == paragraph.replace(" ", "")
