"""Cut a text into statements, each a list of tokens with balanced brackets.

Only this module looks at characters. It knows which newlines count, where a bracket or a string that was never
closed must have ended (a line at the margin that looks like a statement), and which characters only look like
the ones that the language has. The parser sees clean tokens.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .characters import LOOKALIKES, Characters
from .diagnostics.model import Label, Text
from .reports import Reports
from .source import Source, Span
from .syntax import Comment
from .tokens import CLOSERS, CONTINUING, JUNK, NEWLINE, OPENERS, OPERATORS, WORD, Token

DEPTH = 100
"""How deep anything may be nested."""

# Possessive and atomic (`*+`, `(?>…)`): without them a long run of blank lines or `${` takes minutes.
_PATH = r"[^\W\d]\w*+(?:\.[^\W\d]\w*+|\[\"[^\"\\\n]*+\"\])*+"
_HOLE = rf"\$\{{[ \t]*+{_PATH}[ \t]*+\}}"
_TOKEN = re.compile(
    rf"""
      (?P<blank>[ \t]++)
    | (?P<newline>\r?\n(?:[ \t]*+\r?\n)*+)
    | (?P<comment>\#[^\n]*+)
    | (?P<long>\"\"\"(?>[^"\\$]|\\.|"(?!"")|{_HOLE}|\$)*+\"\"\")
    | (?P<string>"(?!"")(?>[^"\\$\n]|\\[^\n]|{_HOLE}|\$)*+"|""(?!"))
    | (?P<number>\.?[0-9](?:[eE][+-][0-9]|[\w.])*+%?)
    | (?P<word>[^\W\d]\w*+)
    | (?P<sign>\|>|==|!=|<=|>=|[=<>+\-*/(){{}}\[\],.:])
    """,
    re.VERBOSE | re.DOTALL,
)
_UNIT = re.compile(r"[ \t]++([^\W\d]\w*+)(?!\s*+=(?!=))")
_USE = re.compile(r"(?P<name>\w[\w.\-+!*]*+)|(?P<compare>[<>=!~]=|[<>])")
_MARGIN = re.compile(
    r"(?:experiment\s+\w+\s*\{|import\s*\"|use\s+\w|(?!(?:if|then|else|and|or|not|with|true|false|none)\b)"
    r"[^\W\d]\w*[ \t]+[^\W\d]\w*[ \t]*(?::[ \t]*\w+[ \t]*)?=(?!=))"
)
_MARGIN_LINE = re.compile(rf"\n(?={_MARGIN.pattern})")
_KEY = re.compile(r"[ \t]*(?:[^\W\d]\w*|\"[^\"\n]*\")[ \t]*(?:=(?!=)|:)")


@dataclass(frozen=True, slots=True)
class Docs:
    """Doc comments by the offset at which what they describe starts or ends, and by the line of an opening brace."""

    above: dict[int, str]
    after: dict[int, str]
    opening: dict[int, str]


@dataclass(frozen=True, slots=True)
class Scan:
    statements: list[list[Token]]
    comments: list[Comment]
    docs: Docs


def scan(source: Source, reports: Reports) -> Scan:
    """Cut a source into statements; what is wrong with its characters and brackets goes to the reports."""
    return _Scanner(source, reports).run()


class _Scanner:
    def __init__(self, source: Source, reports: Reports) -> None:
        self.source = source
        self.reports = reports
        self.characters = Characters(source, reports)
        self.text = self.characters.text
        self.statements: list[list[Token]] = []
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.docs = Docs({}, {}, {})
        self.above: list[str] = []
        self.open: list[int] = []
        """Indexes in `tokens` of the brackets that are open."""
        self.newline: int | None = None
        """Where a newline was met that may count: what follows decides."""
        self.spoiled = False
        """Whether a string of this statement was never closed: its brackets can't be judged then."""
        self.stray = False
        """Whether a bracket of this statement closed nothing: one report is enough."""

    def run(self) -> Scan:
        at, end = 0, len(self.text)
        while at < end and not self.reports.full:
            at = self.step(at)
        self.close_all(end)
        self.cut()
        return Scan(self.statements, self.comments, self.docs)

    def step(self, at: int) -> int:
        """Take what stands at an offset, and give the offset after it."""
        if self.tokens and self.tokens[0].text == "use" and not self.open:
            match = _USE.match(self.text, at)
            if match is not None and self.newline is None:
                return self.requirement(match)
        match = _TOKEN.match(self.text, at)
        if match is None:
            return self.strange(at)
        sort, end = match.lastgroup, match.end()
        if sort == "blank":
            return end
        if sort == "newline":
            self.end_line(at, end)
            return end
        if sort == "comment":
            self.comment(at, end)
            return end
        text = match.group()
        if sort == "word":
            end, text = self.characters.word(at, end, text)
            self.push(Token(WORD, text, at, end))
        elif sort == "sign":
            return self.sign(text, at, end)
        elif sort == "number":
            unit = _UNIT.match(self.text, end)
            if unit is not None and unit.group(1) not in CONTINUING:
                end = unit.end()
            self.push(Token("NUMBER", self.text[at:end], at, end))
        else:
            self.push(Token("STRING", text, at, end))
        return end

    def requirement(self, match: re.Match[str]) -> int:
        """Take a piece of a `use` line, where names may hold `-` and versions are no numbers."""
        text, at, end = match.group(), match.start(), match.end()
        last = self.tokens[-1]
        if match.lastgroup == "compare" or (last.type == "COMPARE" and text != "as"):
            self.push(Token("COMPARE" if match.lastgroup == "compare" else "VERSION", text, at, end))
        elif len(self.tokens) == 1:
            self.push(Token("DISTRIBUTION", text, at, end))
        else:
            self.push(Token(WORD, unicodedata.normalize("NFC", text), at, end))
        return end

    # Lines and comments

    def end_line(self, at: int, end: int) -> None:
        if self.above and self.text.count("\n", at, end) > 1:
            self.above.clear()
        if self.open and _MARGIN.match(self.text, end):
            self.close_all(at)
        if not self.tokens:
            return
        last = self.tokens[-1]
        if self.open:
            opener = self.tokens[self.open[-1]].text
            if opener != "{":
                # A named argument follows a comma; in a list there is none.
                first = last.type in (",", "(") and opener == "("
                if not first and _KEY.match(self.text, end):
                    self.unclosed(self.open[-1:], at)
                return
            if last.type in ("{", ",", NEWLINE):
                return
        elif last.type == "," and self.tokens[0].text == "use":
            return
        follows = _KEY.match(self.text, end) if self.open else _MARGIN.match(self.text, end)
        # After `=` and operators a line may break, but not if the next one is plainly the next entry.
        if follows or not self.continues():
            self.newline = at

    def continues(self) -> bool:
        """Tell whether the last token wants something after it, on the next line if need be."""
        last = self.tokens[-1]
        if last.type == WORD:
            return last.text in CONTINUING and (len(self.tokens) < 2 or self.tokens[-2].type not in (".", NEWLINE, "{"))
        return last.type in ("=", "|>", "COMPARE", "ADD", "MULTIPLY")

    def comment(self, at: int, end: int) -> None:
        raw = self.text[at:end].rstrip("\r")
        is_doc = raw.startswith("##") and not raw.startswith("###")
        text = raw[2 if is_doc else 1 :].strip()
        self.comments.append(Comment(Span(self.source, at, at + len(raw)), text, is_doc))
        if not is_doc:
            return
        before = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        if not before.strip(" \t"):
            self.above.append(text)
        elif self.tokens:
            last = self.tokens[-1]
            if last.type == "," and len(self.tokens) > 1:
                last = self.tokens[-2]
            if last.type == "{":
                self.docs.opening[self.text.rfind("\n", 0, at) + 1] = text
            else:
                self.docs.after[last.end] = text

    def push(self, token: Token) -> None:
        """Add a token; the newline before it counts now, or doesn't."""
        if self.newline is not None:
            if token.type == "|>" or (self.open and token.type == "}"):
                pass
            elif self.open:
                self.tokens.append(Token(NEWLINE, "\n", self.newline, self.newline + 1))
            else:
                self.cut()
            self.newline = None
        if self.above:
            if token.type == WORD or token.type == "STRING":
                self.docs.above[token.start] = "\n".join(self.above)
            self.above.clear()
        self.tokens.append(token)

    def cut(self) -> None:
        """End the statement."""
        if self.tokens:
            self.statements.append(self.tokens)
        self.tokens, self.newline, self.spoiled, self.stray = [], None, False, False

    # Brackets

    def sign(self, text: str, at: int, end: int) -> int:
        if text in OPENERS:
            self.push(Token(text, text, at, end))
            self.open.append(len(self.tokens) - 1)
            if len(self.open) > DEPTH:
                return self.too_deep(at, end)
        elif text in CLOSERS:
            self.close(text, at, end)
        elif text == "/" and self.text.startswith("/", end):
            line_end = self.characters.line_end(at)
            self.characters.foreign("//", "#", at, at + 2)
            self.comment(at, line_end)
            return line_end
        else:
            self.push(Token(OPERATORS.get(text, text), text, at, end))
        return end

    def close(self, text: str, at: int, end: int) -> None:
        opener = CLOSERS[text]
        matching = [n for n, index in enumerate(self.open) if self.tokens[index].text == opener]
        if not matching:
            if not self.spoiled and not self.stray:
                self.reports.error("L0103", at, end, bracket=text)
            self.stray = True
            if self.tokens and self.tokens[-1].type in ("=", ",", NEWLINE, *OPENERS, "COMPARE", "ADD", "MULTIPLY"):
                self.push(Token(JUNK, text, at, end))
            return
        inner = self.open[matching[-1] + 1 :]
        if inner:
            self.unclosed(inner, at, Token(text, text, at, end))
        self.push(Token(text, text, at, end))
        self.open.pop()

    def unclosed(self, indexes: list[int], at: int, found: Token | None = None) -> None:
        """Report the brackets that are still open where they can't be any more, and close them."""
        if not self.spoiled:
            first = self.tokens[indexes[-1]]
            labels = []
            if found is not None:
                labels.append(Label(Span(self.source, at, found.end), Text("L0102.found", {"bracket": found.text})))
            for index in indexes[:-1][-3:]:
                outer = self.tokens[index]
                labels.append(Label(Span(self.source, outer.start, outer.end), Text("L0102.also")))
            self.reports.error(
                "L0102", first.start, first.end, bracket=first.text, label=Text("L0102.label"), labels=tuple(labels)
            )
        for index in reversed(indexes):
            self.force_close(index, at)

    def force_close(self, index: int, at: int) -> None:
        opener = self.tokens[index].text
        start = self.tokens[index].end
        if opener == "{":
            if self.tokens[-1].type not in ("{", NEWLINE, ","):
                self.tokens.append(Token(NEWLINE, "\n", at, at))
            self.tokens.append(Token(JUNK, "", at, at))
        else:
            # What it swallowed can't be told from what belongs to it.
            del self.tokens[index + 1 :]
            self.tokens.append(Token(JUNK, "", start, at))
        self.tokens.append(Token(OPENERS[opener], "", at, at))
        self.open.pop()
        self.newline = None
        if self.open and opener != "{" and self.tokens[self.open[-1]].type == "{":
            self.tokens += [Token(NEWLINE, "\n", at, at), Token(JUNK, "", at, at)]
            self.newline = at

    def close_all(self, at: int) -> None:
        if self.open:
            self.unclosed(self.open[:], at)

    def too_deep(self, at: int, end: int) -> int:
        """Give up the statement, however many brackets follow."""
        self.reports.error("L0109", at, end, limit=DEPTH)
        following = _MARGIN_LINE.search(self.text, end)
        stop = following.start() if following else len(self.text)
        del self.tokens[self.open[0] :]
        self.open.clear()
        self.push(Token(JUNK, "", at, end))
        return stop

    # What is not a token

    def strange(self, at: int) -> int:
        """Take what the language doesn't have: the text may be mended in place, and is read again then."""
        text = self.text
        if text[at] == '"':
            return self.unclosed_string(at)
        if text[at] in LOOKALIKES or text[at] in "'`;":
            if text[at] == ";":
                self.characters.foreign(";", "", at, at + 1, "\n")
                if not self.open or self.tokens[self.open[-1]].text == "{":
                    self.end_line(at, at + 1)
                return at + 1
            mended = self.characters.mend(at)
            if mended:
                self.text = self.characters.text
                return at
        end, blank = self.characters.strange(at)
        if not blank:
            self.push(Token(JUNK, text[at:end], at, end))
        self.text = self.characters.text
        return end

    def unclosed_string(self, at: int) -> int:
        long = self.text.startswith('"""', at)
        if long:
            following = _MARGIN_LINE.search(self.text, at)
            end = following.start() if following else len(self.text)
        else:
            end = self.characters.line_end(at)
        width = 3 if long else 1
        help_ = () if long else (Text("L0104.long"),)
        self.reports.error("L0104", at, at + width, label=Text("L0104.label"), helps=help_)
        self.spoiled = True
        self.push(Token(JUNK, self.text[at:end], at, end))
        return end
