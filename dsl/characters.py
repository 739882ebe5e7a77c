"""Characters that the language doesn't have: look-alikes, invisible ones, and the habits of other languages."""

from __future__ import annotations

import re
import unicodedata

from .diagnostics.model import Fix, Text
from .reports import Reports, shorten
from .source import Source

LOOKALIKES: dict[str, str] = {
    "\u3000": " ",
    "\u00a0": " ",
    "\u2007": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u2212": "-",
    "\u2013": "-",
    "\u00d7": "*",
    "\u00f7": "/",
    "\u3001": ",",
    "\u3002": ".",
    "\uff5f": "(",
    "\u3010": "[",
    "\u3011": "]",
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
}
"""What people type with another keyboard, and what they mean; each is one character for one."""
LOOKALIKES.update(dict.fromkeys("\u201c\u201d\u201e\u201f\u300c\u300d\u300e\u300f\u2033", '"'))

FOREIGN = {"&&": "and", "||": "or", "!": "not", "≤": "<=", "≥": ">=", "≠": "!=", "＆＆": "and", "｜｜": "or"}
"""Operators of other languages, and what they are called here."""

_QUOTES = frozenset(character for character, meant in LOOKALIKES.items() if meant in "\"'") | {"'", "`"}
_BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad")
_KNOWN = re.compile(r'[\w\s#"\'`;=<>+\-*/(){}\[\],.:]')
_LINE_END = re.compile(r"\r?\n|\Z")


class Characters:
    """The text of a source, mended in place as look-alikes are found (so offsets stay exact)."""

    def __init__(self, source: Source, reports: Reports) -> None:
        self.reports = reports
        self.text = source.text
        self.ascii = source.text.isascii()
        if not self.ascii:
            self.blank_bidirectional()

    def blank_bidirectional(self) -> None:
        """Report the marks that make a text look other than it is, in comments and strings too."""
        for match in _BIDIRECTIONAL.finditer(self.text):
            self.hidden(match.start(), match.end())
            if self.reports.full:
                return
        self.text = _BIDIRECTIONAL.sub(lambda match: " " * len(match.group()), self.text)

    def hidden(self, start: int, end: int) -> None:
        self.reports.error(
            "L0111",
            start,
            end,
            character=f"U+{ord(self.text[start]):04X}",
            name=unicodedata.name(self.text[start], ""),
            helps=(Text("L0111.help"),),
            fixes=(Fix(self.reports.span(start, end), ""),),
        )

    def replace(self, at: int, replacement: str) -> None:
        self.text = self.text[:at] + replacement + self.text[at + len(replacement) :]

    def line_end(self, at: int) -> int:
        match = _LINE_END.search(self.text, at)
        return match.start() if match else len(self.text)

    def word(self, at: int, end: int, text: str) -> tuple[int, str]:
        """Give the end of a word and its name in NFC; full-width letters and invisible characters are reported."""
        if self.ascii:
            return end, text
        more = re.compile(r"\w*+")
        while end < len(self.text) and (
            self.text[end] in _INVISIBLE or unicodedata.category(self.text[end]) in ("Mn", "Mc")
        ):
            match = more.match(self.text, end + 1)
            end = match.end() if match else end + 1
        text = self.text[at:end]
        if text.isascii():
            return end, text
        for offset, character in enumerate(text):
            if character in _INVISIBLE:
                self.hidden(at + offset, at + offset + 1)
                text = text.replace(character, "")
        if any(character in LOOKALIKES for character in text):
            plain = "".join(LOOKALIKES.get(character, character) for character in text)
            self.lookalike(at, end, plain)
            text = plain
        name = unicodedata.normalize("NFC", text)
        if not name.isidentifier():
            self.reports.error("L0112", at, end, text=text)
        return end, name

    def mend(self, at: int) -> bool:
        """Report a look-alike and put what was meant in its place; False if that can't be told."""
        character = self.text[at]
        if character in _QUOTES:
            return self.quotes(at)
        end = at
        while end < len(self.text) and LOOKALIKES.get(self.text[end], '"') not in "\"'`":
            end += 1
        plain = "".join(LOOKALIKES[c] for c in self.text[at:end])
        self.lookalike(at, end, plain)
        self.replace(at, plain)
        return True

    def quotes(self, at: int) -> bool:
        stop = self.line_end(at)
        end = at + 1
        while end < stop and self.text[end] not in _QUOTES and self.text[end] != '"':
            end += 1
        if end == stop:
            return False
        raw = self.text[at : end + 1]
        plain = f'"{raw[1:-1]}"'
        if raw[0] in "'`":
            self.foreign(raw[0], '"', at, end + 1, plain)
        else:
            self.lookalike(at, end + 1, plain)
        self.replace(at, plain)
        return True

    def lookalike(self, start: int, end: int, plain: str) -> None:
        span = self.reports.span(start, end)
        found = self.text[start:end]
        blank = not plain.strip()
        self.reports.error(
            "L0110",
            start,
            end,
            found=f"U+{ord(found[0]):04X}" if blank else shorten(found),
            helps=(Text("L0110.blank") if blank else Text("L0110.help", {"plain": shorten(plain)}),),
            fixes=(Fix(span, plain),),
        )

    def foreign(self, found: str, meant: str, start: int, end: int, replacement: str | None = None) -> None:
        """Report what other languages write so."""
        self.reports.error(
            "L0117",
            start,
            end,
            found=found,
            helps=(Text("L0117.help", {"meant": meant}) if meant else Text("L0117.newline"),),
            fixes=(Fix(self.reports.span(start, end), meant if replacement is None else replacement),),
        )

    def strange(self, at: int) -> tuple[int, bool]:
        """Report a run of characters that mean nothing here; give its end, and whether it can be left out."""
        if self.text[at] in _INVISIBLE:
            end = at
            while end < len(self.text) and self.text[end] in _INVISIBLE:
                end += 1
            self.hidden(at, end)
            return end, True
        end = at + 1
        while end < len(self.text) and not _KNOWN.match(self.text, end) and self.text[end] not in LOOKALIKES:
            end += 1
        character = self.text[at]
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        self.reports.error("L0112", at, end, text=shorten(self.text[at:end]) if character.isprintable() else shown)
        return end, False
