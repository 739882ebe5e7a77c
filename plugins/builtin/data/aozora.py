"""What Aozora Bunko adds to a text, removed (https://www.aozora.gr.jp/annotation/).

A file begins with title, author and an explanation of the marks between two lines of hyphens, and ends with a colophon
(底本：…). Ruby stands in 《》 behind its word, whose beginning is marked by ｜ where it isn't clear; notes of those
who typed it stand in ［＃…］, after ※ where a character could not be typed.
"""

from __future__ import annotations

import re

_EXPLANATION = re.compile(r"\A.*?^-{10,}\s*$.*?^-{10,}\s*$\n?", re.DOTALL | re.MULTILINE)
_COLOPHON = re.compile(r"^底本：.*\Z", re.DOTALL | re.MULTILINE)
_RUBY = re.compile("《[^《》\n]*》")
_NOTE = re.compile("※?［＃[^［］]*(?:［[^［］]*］[^［］]*)*］")
_RUBY_START = "｜"


def without_marks(text: str) -> str:
    """Give a text without ruby, notes, explanation and colophon; the words that ruby stood at stay."""
    text = _EXPLANATION.sub("", text, count=1)
    text = _COLOPHON.sub("", text)
    text = _NOTE.sub("", text)
    return _RUBY.sub("", text).replace(_RUBY_START, "")
