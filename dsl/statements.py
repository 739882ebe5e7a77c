"""Collect tokens into statements: which newlines count, and brackets that always match.

A bracket that is never closed would swallow the rest of the file. It ends where it can't go on: at a line at the
margin that looks like a statement, at a bracket that closes an outer one, or, for `(` and `[`, at a line that
looks like an entry. JUNK takes the place of what it swallowed.
"""

from __future__ import annotations

import re

from .diagnostics.model import Label, Text
from .openings import begins, headless_inside, indentation, missing_opener, without_brackets
from .repairs import closing, joined
from .reports import Reports
from .tokens import CLOSERS, CONTINUING, DEPTH, JUNK, NEWLINE, OPENERS, RESERVED, STRAY, WORD, Token

# A statement at the margin, as far as one line shows; a reserved word can't begin one.
_MARGIN = (
    r"(?:experiment\s+\w+\s*\{|import\s*\"|use\s+\w|(?!(?:if|then|else|and|or|not|with|true|false|none)\b)"
    r"[^\W\d]\w*[ \t]+[^\W\d]\w*[ \t]*(?::[ \t]*\w+[ \t]*)?=(?!=))"
)
_RESERVED = "|".join(sorted(RESERVED))
_STATEMENT = re.compile(rf"{_MARGIN}|(?!(?:{_RESERVED})\b)[^\W\d]\w*[ \t]+(?!(?:{_RESERVED})\b)[^\W\d]\w*")
"""Two words at the margin begin a statement, too, where only a bracket is open: no value has two in a row."""
_HEAD = re.compile(rf"^(?={_MARGIN})", re.MULTILINE)
_STATEMENT_LINE = re.compile(rf"\n(?={_MARGIN})")
_ENTRY = re.compile(r"[ \t]*(?:[^\W\d]\w*|\"[^\"\n]*\")[ \t]*(?:=(?!=)|:)")
_LATE = re.compile(
    r"[ \t]*(?P<late>(?:then|else|and|or)\b(?![ \t]*[=.])|with\b(?=[ \t]*\{)"
    r"|==(?!=)|!=|<=|>=|<(?!<)|>(?!>)|\+(?!\+)|-(?!-)|\*|/(?!/)|\{)"
)
"""What would have continued a line, had the line not ended before it."""
_BEFORE_ROW = frozenset({NEWLINE, ",", *OPENERS})
_CLOSING = re.compile(r"[ \t]*\}")


def next_statement(text: str, at: int) -> int:
    """Give the end of the last line before the next statement at the margin, or the end of the text."""
    following = _STATEMENT_LINE.search(text, at)
    return following.start() if following else len(text)


def heads(text: str) -> list[int]:
    """Give where statements seem to begin, as far as one line shows, each with the comments right above it.

    Where one does begin, nothing before it has a say in how the rest is read.
    """
    found = []
    for match in _HEAD.finditer(text):
        head = start = match.start()
        while start > 0:
            end, start = start, text.rfind("\n", 0, start - 1) + 1
            if text[start] == "#":
                head = start
            elif text[start:end].strip(" \t\r\n"):
                break
        found.append(head)
    return found


class Statements:
    """The statements of a text, while its tokens come in."""

    def __init__(self, reports: Reports) -> None:
        self.reports = reports
        self.finished: list[list[Token]] = []
        self.tokens: list[Token] = []
        """Those of the statement that is being read."""
        self.open: list[int] = []
        """Where among them the open brackets are."""
        self.starts: dict[int, int] = {}
        """Where the current row (a statement, an entry, an item) began, by the number of brackets around it."""
        self.newline: int | None = None
        """Where a newline was met that may count: the next token decides."""
        self.spoiled = False
        """Whether a string of this statement was never closed: its brackets can't be judged then."""

        self.complete = False
        """Whether it is known that this statement lacks no closing brace."""
        self.headless = False
        """Whether there was a block without its head: an unknown name may be the one that stood there."""
        self.looks = 0
        """How often the rest of a statement was looked through for brackets."""

    @property
    def in_use(self) -> bool:
        """Tell whether what comes next belongs to a `use`."""
        if not self.tokens or self.tokens[0].text != "use" or self.open or self.newline is not None:
            return False
        return [token.type for token in self.tokens[:2]] in ([WORD], [WORD, "DISTRIBUTION"])

    @property
    def between(self) -> bool:
        """Tell whether what comes next begins a statement."""
        return not self.open and (not self.tokens or self.newline is not None)

    @property
    def in_list(self) -> bool:
        """Tell whether commas alone separate here."""
        return bool(self.open) and self.tokens[self.open[-1]].type != "{"

    @property
    def row_start(self) -> int:
        """Where the row began in which the last bracket was opened."""
        return self.starts[len(self.open) - 1]

    @property
    def at_key(self) -> bool:
        """Tell whether nothing of the row's value has been read yet."""
        row = self.starts.get(len(self.open), 0)
        return not self.in_use and not any(token.type == "=" and token.start >= row for token in self.tokens)

    def push(self, token: Token) -> None:
        """Add a token; the newline before it counts now, or doesn't."""
        if self.newline is not None:
            continues = token.type == "|>" or (self.open and token.type == "}")
            if not continues and self.open:
                self.tokens.append(Token(NEWLINE, "\n", self.newline, self.newline + 1))
            elif not continues:
                self.cut()
            self.newline = None
        if not self.tokens or self.tokens[-1].type in _BEFORE_ROW:
            self.starts[len(self.open)] = token.start
        self.tokens.append(token)

    def cut(self) -> None:
        """End the statement."""
        if self.tokens:
            self.finished.append(self.tokens)
        self.tokens, self.newline, self.spoiled, self.complete = [], None, False, False

    def end(self, at: int) -> None:
        """End the text."""
        self.unclosed(self.open[:], at)
        self.cut()

    def end_line(self, text: str, at: int, next_line: int) -> None:
        """Take note of a newline; what stands on the next line is looked at, but not read."""
        if self.open and _STATEMENT.match(text, next_line):
            self.unclosed(self.open[:], at)
        is_line = text.startswith("\n", next_line - 1)
        if not self.tokens:
            if is_line and not self.open:
                begins(self, text, next_line)
            return
        last = self.tokens[-1]
        if is_line and missing_opener(self, text, next_line):
            return
        if self.open:
            opener = self.tokens[self.open[-1]].type
            if opener != "{":
                # A named argument follows a comma; in a list there is none.
                is_argument = opener == "(" and (last.type in ("(", ",") or self.is_deeper(text, next_line))
                if not is_argument and _ENTRY.match(text, next_line):
                    self.unclosed(self.open[-1:], at)
                return
            if left := self.left_open(text, next_line):
                self.unclosed(left, at)
                self.newline = at
                return
            if last.type in ("{", ",", NEWLINE):
                return
        elif last.type == "," and self.tokens[0].text == "use":
            return
        late = _LATE.match(text, next_line)
        if late is not None and not self.continues():
            self.late(late)
            return
        # After `=` and operators a line may break, but not if the next one is plainly the next entry.
        follows = (_ENTRY if self.open else _STATEMENT).match(text, next_line)
        if follows or not self.continues():
            self.newline = at

    def is_deeper(self, text: str, line: int) -> bool:
        """Tell whether a line is indented more than the one on which the last bracket was opened.

        What looks like an entry there is an argument behind a missing comma, and no entry of the block around.
        """
        opened = text.rfind("\n", 0, self.tokens[self.open[-1]].start) + 1
        return indentation(text, line) > indentation(text, opened)

    def left_open(self, text: str, line: int) -> list[int]:
        """Give the inner blocks that a line, by its indentation, is no part of, if the statement lacks their braces."""
        entry = _ENTRY.match(text, line)
        if len(self.open) < 2 or not (entry or _CLOSING.match(text, line)):
            return []
        depth = indentation(text, line) + (0 if entry else 1)
        inner: list[int] = []
        for index in reversed(self.open[1:]):
            opener = self.tokens[index]
            start = text.rfind("\n", 0, opener.start) + 1
            if opener.type != "{" or indentation(text, start) < depth:
                break
            inner.insert(0, index)
        return inner[-missing:] if inner and (missing := self.lacking(text, line)) > 0 else []

    def lacking(self, text: str, line: int) -> int:
        """Count the blocks that nothing closes between a line and the next statement.

        Where it is none, it is none for all lines of the statement: it is looked for once.
        """
        if self.complete:
            return 0
        rest = without_brackets(text[line : next_statement(text, line)])
        opened = sum(self.tokens[index].type == "{" for index in self.open)
        missing = opened + rest.count("{") - rest.count("}")
        self.complete = missing <= 0
        return missing

    def late(self, match: re.Match[str]) -> None:
        """Report what stands a line too late, and join the lines."""
        text = match["late"]
        help_ = Text("L0118.brace") if text == "{" else Text("L0118.before", {"text": text})
        start, end = match.span("late")
        fixes = joined(self.tokens[-1].end, start, end, self.reports)
        self.reports.error("L0118", start, end, text=text, helps=(help_,), fixes=fixes)
        self.newline = None

    def continues(self) -> bool:
        """Tell whether the last token wants something after it, on the next line if need be."""
        last = self.tokens[-1]
        if last.type != WORD:
            return last.type in ("=", "|>", "COMPARE", "ADD", "MULTIPLY")
        is_key = len(self.tokens) > 1 and self.tokens[-2].type in (".", NEWLINE, "{")
        return last.text in CONTINUING and not is_key

    def opened(self, token: Token) -> bool:
        """Add an opening bracket; False if it was one too many, and the statement was given up."""
        self.push(token)
        self.open.append(len(self.tokens) - 1)
        if len(self.open) <= DEPTH:
            return True
        self.reports.error("L0109", token.start, token.end, limit=DEPTH)
        del self.tokens[self.open[0] :]
        self.open.clear()
        self.push(Token(JUNK, "", token.start, token.end))
        return False

    def closed(self, token: Token) -> None:
        """Add a closing bracket, and close what is open inside."""
        matching = [n for n, index in enumerate(self.open) if self.tokens[index].type == CLOSERS[token.type]]
        if matching:
            inner = token.type == "}" and matching[-1] == len(self.open) - 1
            if inner and headless_inside(self, self.reports.source.text, token):
                return
            self.unclosed(self.open[matching[-1] + 1 :], token.start, token)
            self.push(token)
            self.open.pop()
            return
        # Often an opening bracket is missing: the parser finds out. On a line of its own it belongs to what was above.
        if not self.spoiled:
            if not self.open:
                self.newline = None
            self.push(token._replace(type=STRAY))

    def unclosed(self, indexes: list[int], at: int, found: Token | None = None) -> None:
        """Report brackets that are open where they can't be any more, the innermost in place of all; close them."""
        if not indexes:
            return
        if not self.spoiled:
            inner = self.tokens[indexes[-1]]
            labels = []
            if found is not None:
                place = self.reports.span(found.start, found.end)
                labels.append(Label(place, Text("L0102.found", {"bracket": found.text})))
            for index in indexes[:-1][-3:]:
                outer = self.tokens[index]
                labels.append(Label(self.reports.span(outer.start, outer.end), Text("L0102.also")))
            self.reports.error(
                "L0102",
                inner.start,
                inner.end,
                bracket=inner.type,
                label=Text("L0102.label"),
                labels=tuple(labels),
                fixes=closing(self.tokens, indexes, self.reports),
            )
        for index in reversed(indexes):
            self.close(index, at)

    def close(self, index: int, at: int) -> None:
        """Close the innermost bracket where nothing closes it."""
        opener = self.tokens[index]
        if opener.type == "{":
            # Its entries can be told apart by their lines; only that there may be more is noted.
            self.note_loss(at)
        else:
            del self.tokens[index + 1 :]
            self.tokens.append(Token(JUNK, "", opener.end, at))
        self.tokens.append(Token(OPENERS[opener.type], "", at, at))
        self.open.pop()
        self.newline = None
        if self.open and opener.type != "{" and self.tokens[self.open[-1]].type == "{":
            self.note_loss(at)
            self.newline = at

    def note_loss(self, at: int) -> None:
        """Add an entry that stands for entries which may have been lost."""
        if self.tokens[-1].type not in ("{", NEWLINE, ","):
            self.tokens.append(Token(NEWLINE, "\n", at, at))
        self.tokens.append(Token(JUNK, "", at, at))
