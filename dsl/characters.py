"""Characters that the language doesn't have: look-alikes, invisible ones, and the habits of other languages."""

from __future__ import annotations

import re
import unicodedata

from .diagnostics.model import Fix, Text
from .reports import Reports, shorten
from .source import Source

LOOKALIKES: dict[str, str] = {
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\ufe58", "-"),
    **dict.fromkeys("\u00d7\u2217\u22c5\u2715", "*"),
    **dict.fromkeys("\u00f7\u2044\u2215", "/"),
    **dict.fromkeys("\u3001\uff64\ufe50\ufe51", ","),
    **dict.fromkeys("\u3002\uff61", "."),
    **dict.fromkeys("\u3010\u3014\u27e6", "["),
    **dict.fromkeys("\u3011\u3015\u27e7", "]"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u300c\u300d\u300e\u300f\u301d\u301e\u301f\uff62\uff63", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", '"'),
    "\ua789": ":",
    "\u2236": ":",
    "\ufe66": "=",
    "\uff5f": "(",
    "\uff60": ")",
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
}
"""What people type with another keyboard, and what they mean; each is one character for one."""

BLANKS = "".join(character for character, meant in LOOKALIKES.items() if meant == " ")

FOREIGN = {
    "&&": "and",
    "||": "or",
    "|": "|>",
    "!": "not",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "＆＆": "and",
    "｜｜": "or",
    "→": "|>",
}
"""Operators of other languages, and what they are called here."""

_QUOTES = frozenset(character for character, meant in LOOKALIKES.items() if meant in "\"'`") | {"'", "`"}
_PAIRS = frozenset({"==", "!=", "<=", ">=", "~=", "|>"})
_MEANT = frozenset(" =<>+-*/(){}[],.:#_")
"""Signs that stand for themselves; `!`, `|` and `~` do as the first of a pair, `%` after a digit."""
_ELSEWHERE = frozenset(";!&|")
"""What other languages write: reported by what it is there."""
_MINUS = "\u30fc"
"""A long vowel, which a Japanese keyboard gives where `-` is; alone it is no name."""
_NUMBER = re.compile(r"\.?[0-9](?:[eE\uff45\uff25][+\-\uff0b\uff0d\u2010-\u2013\u2212]|[\w.\uff0e])*+[%\uff05]?")
_BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad")
_IN_WORDS = _INVISIBLE | {"\uff3f"}
_KNOWN = re.compile(r'[\w\s#"\'`;=<>+\-*/(){}\[\],.:]')
_CHOICE = re.compile(r"\?[^?:\n]+:")
"""How other languages choose between two values: `lr > 1 ? 2 : 3`."""
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
            self.text[end] in _IN_WORDS or unicodedata.category(self.text[end]) in ("Mn", "Mc")
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

    def number(self, at: int, end: int) -> int:
        """Mend what is in a number, and give its end."""
        if self.ascii:
            return end
        match = _NUMBER.match(self.text, at)
        end = max(end, match.end()) if match else end
        while at < end:
            stop = at
            while stop < end and self.text[stop] in LOOKALIKES:
                stop += 1
            if stop > at:
                self.put_right(at, "".join(LOOKALIKES[character] for character in self.text[at:stop]))
            at = stop + 1
        return end

    def pair(self, at: int) -> None:
        """Mend the second character of a sign whose first is as it should be: `=＝`."""
        second = self.text[at + 1 : at + 2]
        meant = LOOKALIKES.get(second, "")
        if meant and self.text[at] + meant in _PAIRS:
            self.put_right(at + 1, meant)

    def minus(self, at: int, word: str) -> bool:
        """Mend a long vowel that stands alone, for it is meant as a minus."""
        if word == _MINUS:
            self.put_right(at, "-")
        return word == _MINUS

    def mend(self, at: int) -> bool:
        """Report look-alikes and put what was meant in their place; False if that can't be told."""
        if self.text[at] in _QUOTES:
            return self.quotes(at)
        plain = self.meant(at)
        if plain:
            self.put_right(at, plain)
            return True
        if LOOKALIKES[self.text[at]] in _ELSEWHERE:
            self.replace(at, LOOKALIKES[self.text[at]])
            return True
        return False

    def meant(self, at: int) -> str:
        """Give what a run of look-alikes stands for, up to the first that stands for nothing here."""
        plain = ""
        while at < len(self.text) and self.text[at] not in _QUOTES:
            one = LOOKALIKES.get(self.text[at], "")
            following = self.text[at + 1 : at + 2]
            fits = (
                one in _MEANT
                or one.isalnum()
                or one + LOOKALIKES.get(following, following) in _PAIRS
                or (one == "%" and plain[-1:].isdigit())
            )
            # What stands in a comment is nobody's business.
            if not one or not fits or (plain.endswith("#") and one != "#"):
                break
            plain += one
            at += 1
        return plain

    def put_right(self, at: int, plain: str) -> None:
        """Report a look-alike, and mend it."""
        self.lookalike(at, at + len(plain), plain)
        self.replace(at, plain)

    def quotes(self, at: int) -> bool:
        """Mend the quotes of a string; False if it has no end."""
        stop = self.line_end(at)
        end = at + 1
        while end < stop and self.text[end] not in _QUOTES and self.text[end] != '"':
            end += 1
        if end == stop:
            return False
        raw = self.text[at : end + 1]
        plain = f'"{raw[1:-1]}"'
        if LOOKALIKES.get(raw[0], raw[0]) in "'`":
            self.foreign(raw[0], '"', at, end + 1, plain)
        else:
            self.lookalike(at, end + 1, plain)
        self.replace(at, plain)
        return True

    def closing_quote(self, at: int) -> bool:
        """Mend the quote that ends a string begun with `"`; False if there is none, or more than one."""
        line = self.text[at + 1 : self.line_end(at)]
        places = [n for n, character in enumerate(line) if LOOKALIKES.get(character) == '"']
        if len(places) != 1:
            return False
        self.put_right(at + 1 + places[0], '"')
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
        text = shorten(self.text[at:end]) if character.isprintable() else shown
        helps = (Text("L0112.choice"),) if _CHOICE.match(self.text, at) else ()
        self.reports.error("L0112", at, end, text=text, helps=helps)
        return end, False
