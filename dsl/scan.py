"""Cut a text into tokens, and the tokens into statements.

Only this module and characters.py look at characters; which newlines count and where a bracket ends is for
statements.py. What comes out is clean: the parser sees balanced brackets, and nothing that only looks like a sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from .characters import BLANKS, FOREIGN, LOOKALIKES, Characters
from .diagnostics.model import Text
from .foreign import foreign_line, foreign_list, starred_comment
from .openings import begins, line_start, second_equals
from .record import Record
from .repairs import quoted, quoted_before, quoted_early
from .reports import Reports
from .source import Source, Span
from .statements import Statements, next_statement
from .syntax import Comment
from .tokens import CLOSERS, CONTINUING, JUNK, OPENERS, OPERATORS, WORD, Token

_NAME = "[^\\W\\d][\\w\u0300-\u036f\u3099\u309a]*+"
PATH = rf"{_NAME}(?:\.{_NAME}|\[\"[^\"\\\n]*+\"\])*+"
"""A path in a string's `${…}`."""
STEP = re.compile(rf"\.?({_NAME})|\[\"([^\"\\\n]*)\"\]")
"""One step of such a path."""

# Possessive and atomic (`*+`, `(?>…)`): without them a long run of blank lines or `${` takes minutes. No group
# within them may capture: Python 3.11 then raises SystemError on some texts.
_HOLE = rf"\$\{{[ \t]*+{PATH}[ \t]*+\}}"
_TOKEN = re.compile(
    rf"""
      (?P<newline>\r?\n(?:[ \t]*+\r?\n)*+)
    | (?P<comment>\#[^\n]*+)
    | (?P<long>\"\"\"(?>[^"\\$]|\\.|"(?!"")|{_HOLE}|\$)*+\"\"\")
    | (?P<string>"(?!"")(?>[^"\\$\n]|\\[^\n]|{_HOLE}|\$)*+"|""(?!"))
    | (?P<number>\.?[0-9](?:[eE][+-]|[\w.])*+%?)
    | (?P<word>[^\W\d]\w*+)
    | (?P<sign>\|>|==|!=|<=|>=|[=<>+\-*/(){{}}\[\],.:])
    """,
    re.VERBOSE | re.DOTALL,
)
# A word that is followed by `=` is the next entry, whose separator is missing, and no unit.
_BLANKS = re.compile(r"[ \t]*+")
_UNIT = re.compile(rf"([ \t{BLANKS}]++)([^\W\d]\w*+)(?![ \t]*+=(?!=))")
_AROUND = re.compile(r"[\s()\[\]{},=:+<>!|#\"-]")
"""What may stand beside a string."""
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\[^\n])*+\"")
_ASSIGNED = re.compile(r":=(?!=)|=>")
"""What other languages write for `=`."""
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?![<=>])[^\n]*", re.MULTILINE)
_USE = re.compile(r"(?P<name>\w[\w.\-+!*]*+)|(?P<compare>[<>=!~]=|[<>])")


class Docs(Record):
    """Doc comments by the offset at which what they describe starts (those above it, or after a brace of it) or ends."""

    above: dict[int, str]
    after: dict[int, str]
    opening: dict[int, str]


class Scan(Record):
    """The tokens of a source by statement, and its comments."""

    statements: list[list[Token]]
    comments: list[Comment]
    docs: Docs
    headless: bool = False
    """Whether a block lacks its head, and so the name that it declares."""


def scan(source: Source, reports: Reports, *, is_value: bool = False) -> Scan:
    """Cut a source into statements, or a value alone; what is wrong with its characters and brackets is reported."""
    scanner = Scanner(source, reports, is_value)
    scanner.run(0)
    return Scan(scanner.statements.finished, scanner.comments, scanner.docs, scanner.statements.headless)


def forgotten(text: str, at: int, end: int | None, characters: Characters) -> str | None:
    """Tell which quote of a string was probably forgotten ("opening", "closing"), if its line has one too few.

    No string touches a word: in `csv(a.csv", label = "label")` none begins behind `csv`. A string without an end has
    no `end` here.
    """
    begins = _AROUND.match(text[at - 1 : at] or " ")
    if begins and (end is None or _AROUND.match(text[end : end + 1] or " ")):
        return None
    if end is not None and '"' not in _STRING.sub("", text[end : characters.line_end(end)]).split("#")[0]:
        return None
    return "closing" if begins else "opening"


class Scanner:
    """Goes through the text of a source."""

    def __init__(self, source: Source, reports: Reports, is_value: bool = False) -> None:
        self.is_value = is_value
        self.source = source
        self.reports = reports
        self.characters = Characters(source, reports)
        self.statements = Statements(reports)
        self.comments: list[Comment] = []
        self.docs = Docs({}, {}, {})
        self.above: list[str] = []
        """Doc comments that wait for what is under them."""

    @property
    def text(self) -> str:
        return self.characters.text

    def run(self, at: int, stops: Container[int] = ()) -> int:
        """Go on from an offset to the first of some at which no statement is under way, or to the end; give it."""
        start, end = at, len(self.text)
        if at == 0 and not self.is_value:
            begins(self.statements, self.text, 0)
        while at < end and not self.reports.full:
            at = self.step(at)
            # A look-alike is mended, and read again from where it stands.
            if at > start and at in stops and self.statements.between and not self.above:
                self.statements.cut()
                return at
        self.statements.end(at)
        return at

    def step(self, at: int) -> int:
        """Take what stands at an offset, and give the offset after it."""
        if self.characters.text[at] in " \t":
            at = _BLANKS.match(self.characters.text, at).end()  # type: ignore[union-attr]
            if at == len(self.characters.text):
                return at
        if not self.characters.ascii and self.text[at] in "=!<>|~":
            self.characters.pair(at)
        text = self.characters.text
        if self.statements.in_use:
            match = _USE.match(text, at)
            if match is not None:
                return self.requirement(match)
        if self.statements.between and not self.is_value and not text[line_start(text, at) : at].strip():
            end_of_line = foreign_line(self.statements, text, at)
            if end_of_line is not None:
                return end_of_line
        match = _TOKEN.match(text, at)
        if match is None:
            return self.unclosed_string(at) if text[at] == '"' else self.strange(at)
        sort, end = match.lastgroup, match.end()
        if sort == "newline":
            if self.above and text.count("\n", at, end) > 1:
                self.above.clear()
            self.statements.end_line(text, at, end)
        elif sort == "comment":
            self.comment(at, end)
        elif sort == "word":
            if self.characters.minus(at, match.group()):
                return at
            end, name = self.characters.word(at, end, match.group())
            self.push(WORD, name, at, end)
        elif sort == "sign":
            return self.sign(match.group(), at, end)
        elif sort == "number":
            self.number(at, self.characters.number(at, end))
            end = self.statements.tokens[-1].end
        else:
            if sort == "string" and (odd := forgotten(text, at, end, self.characters)):
                return self.unpaired_quote(odd, at)
            self.push("STRING", match.group(), at, end)
        return end

    def push(self, type_: str, text: str, at: int, end: int) -> None:
        if self.above:
            if type_ in (WORD, "STRING"):
                self.docs.above[at] = "\n".join(self.above)
            self.above.clear()
        self.statements.push(Token(type_, text, at, end))

    def number(self, at: int, end: int) -> None:
        """Take a number, and its unit if one follows."""
        written = self.text[at:end]
        unit = _UNIT.match(self.text, end)
        if unit is not None and unit.group(2) not in CONTINUING:
            if unit.group(1).strip(" \t"):
                self.characters.lookalike(end, unit.end(1), " ")
            end, name = self.characters.word(unit.start(2), unit.end(), unit.group(2))
            written = f"{written} {name}"
        self.push("NUMBER", written, at, end)

    def requirement(self, match: re.Match[str]) -> int:
        """Take a piece of a `use`, where names may hold `-` and versions are no numbers."""
        text, at, end = match.group(), match.start(), match.end()
        if not self.characters.ascii:
            place = next((n for n in range(at, min(end + 1, len(self.text))) if self.text[n] in LOOKALIKES), None)
            if place is not None and (place < end or self.text[place] not in BLANKS) and self.characters.mend(place):
                return at
        before = self.statements.tokens
        if match.lastgroup == "compare":
            self.push("COMPARE", text, at, end)
        elif before[-1].type == "COMPARE" and text != "as":
            self.push("VERSION", text, at, end)
        elif len(before) == 1:
            self.push("DISTRIBUTION", text, at, end)
        else:
            self.push(WORD, unicodedata.normalize("NFC", text), at, end)
        return end

    def sign(self, text: str, at: int, end: int) -> int:
        if text in OPENERS or text in CLOSERS:
            self.above.clear()
        if text in OPENERS:
            kept = self.statements.opened(Token(text, text, at, end))
            return end if kept else next_statement(self.text, end)
        if text in CLOSERS:
            if not self.statements.open:
                # A run of them is one mistake, however long it is.
                end += len(self.text) - end - len(self.text[end:].lstrip(text))
            self.statements.closed(Token(text, text, at, end))
        elif text in ("<", "<=", "==", ">", ">=") and (conflict := _CONFLICT.match(self.text, at)):
            end = conflict.end()
            self.reports.error("L0119", at, at + 7, helps=(Text("L0119.help"),))
        elif text in "/:=" and (stop := self.foreign(text, at, end)):
            end = stop
        elif text in (":", "=") and (assigned := _ASSIGNED.match(self.text, at)):
            meant = ">=" if text == "=" and not self.statements.at_key else "="
            end = assigned.end()
            # Where it is no entry of a block, the kind is missing, too: that is said, and how both are written.
            if self.statements.open or len(self.statements.tokens) != 1:
                self.characters.foreign(assigned.group(), meant, at, end)
            self.push(OPERATORS.get(meant, meant), meant, at, end)
        else:
            if text == "=":
                second_equals(self.statements, self.text, at)
            self.push(OPERATORS.get(text, text), text, at, end)
        return end

    def foreign(self, sign: str, at: int, end: int) -> int | None:
        """Take a comment or a list as other languages write it; give the offset after it, or None if there is none."""
        if sign != "/":
            return foreign_list(self.statements, self.text, at, end)
        if self.text.startswith("*", end):
            return starred_comment(self.text, at, self.reports)
        if not self.text.startswith("/", end):
            return None
        self.characters.foreign("//", "#", at, end + 1)
        end = self.characters.line_end(at)
        self.comment(at, end)
        return end

    def comment(self, at: int, end: int) -> None:
        """Keep a comment, and what a doc comment says by the place of what it is about."""
        raw = self.text[at:end].rstrip("\r")
        is_doc = raw.startswith("##") and not raw.startswith("###")
        text = raw[2 if is_doc else 1 :].strip()
        self.comments.append(Comment(Span(self.source, at, at + len(raw)), text, is_doc))
        if not is_doc:
            return
        line = self.text.rfind("\n", 0, at) + 1
        tokens = self.statements.tokens
        if not self.text[line:at].strip(" \t"):
            self.above.append(text)
        elif tokens and tokens[-1].type == "{":
            start = self.statements.row_start
            known = self.docs.opening.get(start)
            self.docs.opening[start] = f"{known}\n{text}" if known else text
        elif tokens:
            last = tokens[-2] if tokens[-1].type == "," and len(tokens) > 1 else tokens[-1]
            self.docs.after[last.end] = text

    # What is not a token

    def strange(self, at: int) -> int:
        """Take what the language doesn't have; a look-alike is mended in place, and read again."""
        character = self.text[at]
        if character == ";":
            return self.semicolon(at)
        for sign, meant in FOREIGN.items():
            if self.text.startswith(sign, at):
                end = at + len(sign)
                self.characters.foreign(sign, meant, at, end, f" {meant} ")
                self.push(OPERATORS.get(meant, WORD if meant.isalpha() else meant), meant, at, end)
                return end
        if (character in LOOKALIKES or character in "'`") and self.characters.mend(at):
            return at
        end, blank = self.characters.strange(at)
        if not blank:
            self.push(JUNK, self.text[at:end], at, end)
        return end

    def semicolon(self, at: int) -> int:
        """Take a semicolon for what it ends: an item, or an entry or a statement."""
        if self.statements.in_list:
            self.characters.foreign(";", ",", at, at + 1)
            self.push(",", ",", at, at + 1)
        else:
            rest = self.text[at + 1 : self.characters.line_end(at)].lstrip(" \t")
            self.characters.foreign(";", "", at, at + 1, "\n" if rest and rest[0] not in "#}" else "")
            self.statements.end_line(self.text, at, at + 1)
        return at + 1

    def unclosed_string(self, at: int) -> int:
        """Take a string without an end: up to the end of its line, or, if it is a long one, the next statement."""
        long = self.text.startswith('"""', at)
        if not long and not self.characters.ascii and self.characters.closing_quote(at):
            return at
        if not long and (odd := forgotten(self.text, at, None, self.characters)):
            return self.unpaired_quote(odd, at)
        end = next_statement(self.text, at) if long else self.characters.line_end(at)
        helps = () if long else (Text("L0104.long"),)
        fixes = () if long else quoted(at, end, self.reports)
        self.reports.error("L0104", at, at + (3 if long else 1), label=Text("L0104.label"), helps=helps, fixes=fixes)
        self.push(JUNK, self.text[at:end], at, end)
        self.statements.spoiled = True
        return end

    def unpaired_quote(self, forgotten: str, at: int) -> int:
        """Take a string whose opening or closing quote was forgotten: with it, the line's other quotes pair wrongly."""
        end = self.characters.line_end(at)
        if forgotten == "closing":
            helps, fixes = (Text("L0104.long"),), quoted_early(at, end, self.reports)
            self.reports.error("L0104", at, at + 1, label=Text("L0104.label"), helps=helps, fixes=fixes)
        else:
            # What meant nothing before the quote stood in the string.
            self.reports.withdraw("L0112", self.text.rfind("\n", 0, at) + 1)
            fixes = quoted_before(at, self.reports)
            self.reports.error("L0104.opening", at, at + 1, label=Text("L0104.opening.label"), fixes=fixes)
        self.push(JUNK, self.text[at:end], at, end)
        self.statements.spoiled = True
        return end
