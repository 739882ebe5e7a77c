"""Lines of other languages: each is reported once, by what it is, together with all that belongs to it.

A statement of the language begins with two words, or with `import` and a string; no line here does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .diagnostics.model import Fix, Text
from .openings import indentation
from .tokens import CLOSERS, JUNK, OPENERS, WORD, Token

if TYPE_CHECKING:
    from .reports import Reports
    from .statements import Statements

_END = r"[^\n]*"
_LINES = re.compile(
    rf"""
      (?P<imports>from[ \t]+[\w.]+[ \t]+import\b{_END}|import[ \t]+(?!as\b|[\w./-]*\.llx)[^\W\d][\w.]*{_END})
    | (?P<code>
          (?:async[ \t]+)?def[ \t]+\w+[ \t]*\({_END}
        | (?:fn|func|function)[ \t]+\w*[ \t]*\({_END}
        | (?:class|struct|interface|enum)[ \t]+\w+[ \t]*(?:[({{:][^\n]*)(?<!\d)
        | (?:for|while|if|elif|with|except|switch|match)\b(?![ \t]+\w+[ \t]*=(?!=))[^\n]*[:{{][ \t]*(?:\#[^\n]*)?(?=\n|\Z)
        | (?:else|try|finally)[ \t]*[:{{]{_END}
        | (?:return|raise|assert|yield|del|await)\b(?![ \t]+\w+[ \t]*=(?!=)){_END}
        | (?:pass|break|continue)[ \t]*(?=\n|\Z|\#|;){_END}
        | @\w{_END}
        | [^\W\d][\w.]*[ \t]*(?:[+\-*/]=|\+\+|--){_END}
      )
    | (?P<value>(?!(?:experiment|import|use|param|let|expect)\b)[^\W\d]\w*(?:\.\w+)*\({_END})
    | (?P<document>---[ \t]*(?=\n|\Z))
    | (?P<fence>```{_END})
    | (?P<dashes>--[ \t]{_END})
    | (?P<comment>;{_END})
    | (?P<mapping>(?P<key>[^\W\d]\w*)[ \t]*:(?=[ \t\r\n]|\Z){_END}|-[ \t]+\w{_END})
    | (?P<section>\[+[^\W\d][\w. \t]*\]+[ \t]*(?=\n|\Z|\#|\r){_END})
    | (?P<labelled>[^\W\d]\w*(?:[ \t]+"[^"\n]*")+[ \t]*\{{{_END})
    | (?P<json>\{{[ \t]*(?=\n|"|\Z){_END})
    | (?P<shell>\$[ \t]+\w{_END})
    """,
    re.VERBOSE,
)
_ASSIGNS = re.compile(r"[^\W\d][\w.]*[ \t]*=(?!=)")
_LIST = re.compile(r"[ \t]*(?:\r?\n[ \t]*-[ \t]+[^\n]*)+")
_ITEM = re.compile(r"-[ \t]+([^\n]*?)[ \t]*\r?(?:\n|\Z)")
_SIMPLE = re.compile(r"[\w.]+|\"[^\"\n]*\"")


def foreign_line(statements: Statements, text: str, at: int) -> int | None:
    """Take a line of another language where a statement begins; give the offset after all of it, or None."""
    match = _LINES.match(text, at)
    if match is None:
        return None
    sort = match.lastgroup if match.lastgroup != "key" else "mapping"
    assert sort is not None
    first = match.end()
    end = _whole(sort, text, at, first)
    written = match.group().rstrip()
    first = min(first, text.find("\n", at) if "\n" in written else first)
    reports = statements.reports
    fixes = _fixes(sort, text, at, end, reports)
    reports.error(
        f"L0117.{sort}", at, at + len(text[at:first].rstrip()), helps=(Text(f"L0117.{sort}.help"),), fixes=fixes
    )
    if sort in ("imports", "mapping", "labelled", "code", "json", "section", "value"):
        statements.cut()
        key = match["key"] or ""
        statements.tokens = [Token(WORD, key, at, at + len(key)), Token(JUNK, "", at, end)] if key else []
        statements.cut()
    return end


def foreign_list(statements: Statements, text: str, sign: int, end: int) -> int | None:
    """Take a list whose items stand on lines of their own behind `-`; give the offset after it, or None."""
    match = _LIST.match(text, end)
    if match is None or statements.in_list:
        return None
    items = _ITEM.findall(match.group() + "\n")
    reports = statements.reports
    fixes: tuple[Fix, ...] = ()
    if all(_SIMPLE.fullmatch(item) for item in items):
        fixes = (Fix(reports.span(sign, match.end()), f" = [{', '.join(items)}]"),)
    start = text.index("-", end)
    reports.error("L0117.items", start, start + 1, helps=(Text("L0117.items.help"),), fixes=fixes)
    statements.push(Token("=", "=", sign, sign + 1))
    statements.push(Token(JUNK, "", start, match.end()))
    return match.end()


def _whole(sort: str, text: str, at: int, end: int) -> int:
    """Give the end of the last line that belongs to what begins on a line."""
    if sort in ("document", "fence", "dashes", "comment", "shell"):
        return end
    depth = indentation(text, text.rfind("\n", 0, at) + 1)
    brackets = _brackets(text[at:end])
    while end < len(text):
        line = end + 1
        stop = text.find("\n", line)
        stop = stop if stop >= 0 else len(text)
        written = text[line:stop].strip()
        deeper = indentation(text, line) > depth
        belongs = (
            not written
            or deeper
            or brackets > 0
            or (sort == "mapping" and written.startswith("- "))
            or (sort == "section" and _ASSIGNS.match(written))
            or (sort == "code" and text.startswith("else", line))
        )
        if not belongs:
            break
        brackets += _brackets(written)
        end = stop
    return at + len(text[at:end].rstrip())


def _brackets(text: str) -> int:
    return sum((sign in OPENERS) - (sign in CLOSERS) for sign in text)


def _fixes(sort: str, text: str, at: int, end: int, reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a line that has only one counterpart here."""
    if sort in ("document", "fence"):
        return (Fix(reports.span(at, min(end + 1, len(text))), ""),)
    if sort in ("dashes", "comment"):
        return (Fix(reports.span(at, at + (2 if sort == "dashes" else 1)), "#"),)
    return ()


def starred_comment(text: str, at: int, reports: Reports) -> int | None:
    """Take a comment between `/*` and `*/`; give the offset after it, or None if it has no end."""
    end = text.find("*/", at + 2) + 2
    if end < 2:
        return None
    lines = [line.strip().removeprefix("*").strip() for line in text[at + 2 : end - 2].splitlines()]
    stop = text.find("\n", end)
    alone = not text[end : stop if stop >= 0 else len(text)].strip()
    new = "\n".join(f"# {line}" for line in lines if line)
    fixes = (Fix(reports.span(at, end), new),) if alone else ()
    reports.error("L0117.stars", at, at + 2, helps=(Text("L0117.stars.help"),), fixes=fixes)
    return end
