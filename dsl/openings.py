"""Find what opens a block or a call and is missing: a bracket, or the whole line that it stood on.

What follows shows it: entries where no block is open, and a closing bracket more than are open before the next statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .diagnostics.model import Label, Text
from .repairs import opened
from .reports import shorten
from .tokens import CLOSERS, JUNK, NEWLINE, OPENERS, WORD, Token

if TYPE_CHECKING:
    from .statements import Statements

_ENTRY = re.compile(r"[ \t]*+(?P<key>[^\W\d]\w*+|\"[^\"\n]*\")[ \t]*+=(?![=>])")
_INDENTED = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*=(?![=>])")
"""An entry; outside of braces none can stand."""
_LINE = re.compile(r"[ \t]*+(?P<first>[^\W\d]\w*+|\S)?[^\n]*")
_NO_BRACKETS = re.compile(r"\"(?:[^\"\\\n]|\\[^\n])*+\"|\#[^\n]*+")
"""What holds brackets that are none."""
LOOKS = 200
"""How often the rest of a statement is looked through: a text of nothing but mistakes must not take minutes."""


def indentation(text: str, line: int) -> int:
    """Count the blanks that a line, by its start, begins with."""
    at = line
    while at < len(text) and text[at] in " \t":
        at += 1
    return at - line


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def without_brackets(text: str) -> str:
    """Leave out strings and comments."""
    return _NO_BRACKETS.sub("", text)


def surplus(statements: Statements, text: str, at: int, closer: str = "}") -> int:
    """Count the brackets from an offset to the next statement that close more than is open."""
    from .statements import next_statement

    if statements.looks >= LOOKS or statements.spoiled:
        return 0
    statements.looks += 1
    rest = without_brackets(text[at : next_statement(text, at)])
    opener = CLOSERS[closer]
    inside = sum(statements.tokens[index].type == opener for index in statements.open)
    return rest.count(closer) - rest.count(opener) - inside


def missing_opener(statements: Statements, text: str, line: int) -> bool:
    """Open what isn't open where a line shows it to be missing, and report it; False if nothing is missing."""
    last = statements.tokens[-1]
    inside = statements.open and statements.tokens[statements.open[-1]].type == "{"
    if statements.open and not inside:
        return False
    start = line_start(text, last.start)
    deeper = indentation(text, line) > indentation(text, start)
    if inside and not (deeper and last.type in ("=", WORD)):
        return False
    if (
        last.type == WORD
        and deeper
        and text.count("\n", last.end, line) == 1
        and surplus(statements, text, line, ")") > 0
    ):
        return _open(statements, "(", last)
    if last.type == "=" and deeper and _ENTRY.match(text, line) and surplus(statements, text, line) > 0:
        return _open(statements, "{", last)
    if inside or statements.continues():
        return False
    if not _INDENTED.match(text, line):
        return begins(statements, text, line)
    may_open = last.type in (WORD, ")") and last.text != ""
    if may_open and not text[last.end : line].count("\n") > 1:
        return _missing_brace(statements)
    headless(statements, text, line)
    return True


def begins(statements: Statements, text: str, line: int) -> bool:
    """Look at the line of a new statement: entries there belong to a block whose head is missing."""
    entry = _ENTRY.match(text, line)
    if entry is None or surplus(statements, text, line) <= 0:
        return False
    headless(statements, text, line)
    return True


def headless(statements: Statements, text: str, line: int) -> None:
    """Report that entries stand in no block, and give up all of them."""
    statements.cut()
    entry = _ENTRY.match(text, line)
    assert entry is not None
    start, end = entry.span("key")
    _report(statements, start, end)
    statements.tokens = [Token(JUNK, "", start, start), Token("{", "", start, start)]
    statements.open, statements.spoiled = [1], True


def headless_inside(statements: Statements, text: str, closer: Token) -> bool:
    """Report that the last entries before a brace belong to a block whose head is missing; False if they don't."""
    opener = statements.open[-1]
    line = line_start(text, closer.start)
    depth = indentation(text, line)
    if text[line : closer.start].strip() or depth <= indentation(
        text, line_start(text, statements.tokens[opener].start)
    ):
        return False
    rows = [n for n in _rows(statements.tokens, opener) if _is_first(text, statements.tokens[n])]
    first = None
    for row in reversed(rows):
        start = statements.tokens[row].start
        if indentation(text, line_start(text, start)) <= depth:
            break
        first = row
    if first is None or surplus(statements, text, closer.start) <= 0:
        return False
    token = statements.tokens[first]
    _report(statements, token.start, token.end, closer)
    statements.tokens[first:] = [Token(JUNK, "", token.start, closer.end)]
    return True


def second_equals(statements: Statements, text: str, at: int) -> None:
    """Open the block that is missing in `over = lr = … }`, where its first entry stands behind the `=`."""
    tokens = statements.tokens
    if len(tokens) < 3 or [token.type for token in tokens[-2:]] != ["=", WORD] or statements.in_list:
        return
    if surplus(statements, text, at) > 0:
        key = tokens.pop()
        _open(statements, "{", tokens[-1], before=key)
        statements.push(key)


def _rows(tokens: list[Token], opener: int) -> list[int]:
    """Give the indexes at which the rows of an open block start."""
    rows, depth = [], 0
    for n in range(opener + 1, len(tokens)):
        if depth == 0 and tokens[n - 1].type in ("{", NEWLINE, ",") and tokens[n].type != NEWLINE:
            rows.append(n)
        depth += (tokens[n].type in OPENERS) - (tokens[n].type in CLOSERS)
    return rows


def _is_first(text: str, token: Token) -> bool:
    return not text[line_start(text, token.start) : token.start].strip()


def _report(statements: Statements, start: int, end: int, closer: Token | None = None) -> None:
    reports = statements.reports
    labels: tuple[Label, ...] = ()
    if closer is None:
        statements.headless = True
    else:
        labels = (Label(reports.span(closer.start, closer.end), Text("L0103.head.closed")),)
    reports.error(
        "L0103.head", start, end, label=Text("L0103.head.label"), labels=labels, helps=(Text("L0103.head.help"),)
    )


def _missing_brace(statements: Statements) -> bool:
    """Report that a block has begun without its brace, and open it."""
    last = statements.tokens[-1]
    # An entry outside of any block is reported by the parser.
    if [token.type for token in statements.tokens[:2]] == [WORD, "="]:
        statements.tokens.append(Token("{", "", last.end, last.end))
        statements.open.append(len(statements.tokens) - 1)
        statements.spoiled = True
        return True
    if last.type == ")":
        # The call may be whole, and the head of another block be missing: nothing can be said of the entries.
        statements.tokens.append(Token(JUNK, "", last.end, last.end))
        statements.headless = True
    _open(statements, "{", last, helps=(Text("L0103.head.help"),) if last.type == ")" else ())
    statements.spoiled = True
    return True


def _open(
    statements: Statements, bracket: str, last: Token, before: Token | None = None, helps: tuple[Text, ...] = ()
) -> bool:
    """Report that a bracket is missing behind a token, and open it."""
    expected = [Text("syntax.sign", {"text": bracket})]
    reports = statements.reports
    place = last.end if before is None else before.start
    reports.error(
        "L0101",
        place,
        place,
        expected=expected,
        after=Text("syntax.after", {"text": shorten(last.text)}),
        found=Text("syntax.found_end") if before is None else Text("syntax.found", {"text": shorten(before.text)}),
        label=Text("L0101.label", {"expected": expected}),
        helps=helps,
        fixes=() if helps else opened(place, reports, "(" if bracket == "(" else " {" if before is None else "{ "),
    )
    statements.tokens.append(Token(bracket, "", place, place))
    statements.open.append(len(statements.tokens) - 1)
    statements.newline = None
    return True
