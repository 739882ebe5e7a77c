"""Parse a text into a syntax tree, whatever is wrong with it.

Each statement is parsed alone. At a mistake the smallest thing around it is mended or given up (a missing `=`
or comma is put in, else the innermost entry becomes BROKEN) and the statement is parsed again, so that
independent mistakes are all found and none makes another.
"""

from __future__ import annotations

from .builder import Builder
from .diagnostics.model import Diagnostic, Fix, Label, Text
from .expected import report
from .lalr import Driver, TooDeep, Unexpected
from .reading import read
from .recovery import given_up, lost_names, mended, nameless, unopened, value_given_up
from .reports import Reports
from .scan import Scan, scan
from .source import Source
from .suggest import suggest
from .syntax import Expression, Statement, SyntaxTree
from .tokens import BROKEN, CLOSERS, JUNK, NEWLINE, STATEMENT_WORDS, STRAY, WORD, Token

ATTEMPTS = 25
"""How many mistakes of one statement are looked for."""


def parse(source: Source) -> tuple[SyntaxTree, list[Diagnostic]]:
    """Parse a file; what is wrong is in the diagnostics, and broken or lost in the tree."""
    reports = Reports(source)
    return parse_scanned(source, scan(source, reports), reports)


def parse_scanned(source: Source, scanned: Scan, reports: Reports) -> tuple[SyntaxTree, list[Diagnostic]]:
    """Parse a file that was cut into tokens."""
    driver = Driver(Builder(reports, scanned.docs))
    statements, lost, words = parse_statements(scanned.statements, driver)
    comments = tuple(scanned.comments)
    tree = SyntaxTree(source, tuple(statements), comments, frozenset(lost), scanned.headless, frozenset(words))
    return tree, reports.finished()


def parse_statements(tokens: list[list[Token]], driver: Driver) -> tuple[list[Statement], set[str], set[str]]:
    """Parse the tokens of some statements; of those that are given up, the names that they would have bound.

    Last come the words that some of these have in place of a kind and a name.
    """
    statements: list[Statement] = []
    lost: set[str] = set()
    words: set[str] = set()
    for own in tokens:
        _mend_experiment(own, driver.reports)
        statement = _tolerant("statement", own, driver) if not driver.reports.full else None
        if isinstance(statement, Statement):
            statements.append(statement)
        else:
            lost |= lost_names(own)
            words |= {word for word in [nameless(own)] if word is not None}
    return statements, lost, words


def parse_expression(source: Source) -> tuple[Expression | None, list[Diagnostic]]:
    """Parse a value that stands alone, as after `lr=` on the command line; None if anything is wrong with it."""
    reports = Reports(source)
    scanned = scan(source, reports, is_value=True)
    newline = Token(NEWLINE, "\n", 0, 0)
    tokens: list[Token] = []
    for part in scanned.statements:
        tokens += [newline._replace(start=tokens[-1].end, end=tokens[-1].end), *part] if tokens else part
    expression = _tolerant("expression", tokens, Driver(Builder(reports, scanned.docs)))
    found = reports.finished()
    return (expression if isinstance(expression, Expression) and not found else None), found


def _mend_experiment(tokens: list[Token], reports: Reports) -> None:
    """Take `experment x {` for what it is: no other statement has a brace behind its name."""
    word = tokens[0]
    if [token.type for token in tokens[:3]] != [WORD, WORD, "{"] or word.text in STATEMENT_WORDS:
        return
    helps, fixes = suggest(word.text, ["experiment"], reports.span(word.start, word.end))
    if helps:
        reports.error("L0202", word.start, word.end, kind=word.text, helps=helps, fixes=fixes)
        tokens[0] = word._replace(text="experiment")


def _tolerant(start: str, tokens: list[Token], driver: Driver) -> Statement | Expression | None:
    """Parse tokens, giving up as little as possible; None if nothing is left."""
    reports = driver.reports
    strays = [token for token in tokens if token.type == STRAY]
    tokens = [token for token in tokens if token.type != STRAY]
    silent = False
    for _ in range(ATTEMPTS):
        junk = next((n for n, token in enumerate(tokens) if token.type == JUNK), None)
        rest: list[Token] | None
        if junk is not None:
            rest = given_up(tokens, junk)
        else:
            try:
                result: Statement | Expression = driver.run(start, tokens)
            except TooDeep:
                rest = value_given_up(tokens)
            except Unexpected as error:
                known = BROKEN in (token.type for token in tokens[max(0, error.index - 1) : error.index + 1])
                if not known and not silent:
                    left = _report(error, start, tokens, strays, reports)
                    silent = _opener_missing(error, left) or unopened(error, tokens, strays) is not None
                    strays = [] if silent else left
                rest = (None if known else mended(error, tokens)) or given_up(tokens, error.index)
            else:
                _report_strays(strays, reports)
                return result
        if rest is None:
            break
        tokens = rest
    _report_strays(strays, reports)
    return None


def _report(error: Unexpected, start: str, tokens: list[Token], strays: list[Token], reports: Reports) -> list[Token]:
    """Report a token that doesn't fit, or the stray bracket in its place; give the stray ones that are left."""
    before = tokens[error.index - 1].end if error.index else 0
    after = tokens[error.index].start if error.index < len(tokens) else max((token.end for token in strays), default=0)
    between = [token for token in strays if before <= token.start < after]
    if not between:
        if _report_unopened(error, tokens, strays, reports):
            return []
        report(error, start, tokens, reports)
        return strays
    _report_strays(between, reports)
    return []


def _opener_missing(error: Unexpected, strays: list[Token]) -> bool:
    """Tell whether the mistake is that a bracket isn't opened: nothing after it is as it was meant then."""
    may_open = {CLOSERS[token.text[:1]] for token in strays} & error.accepted
    return bool(may_open) and "NUMBER" not in error.accepted


def _report_unopened(error: Unexpected, tokens: list[Token], strays: list[Token], reports: Reports) -> bool:
    """Report a bracket that is closed and was never opened, at what it was to hold; False if there is none."""
    first = unopened(error, tokens, strays)
    if first is None:
        return False
    closer = strays[0]
    bracket = CLOSERS[closer.text[:1]]
    place = reports.span(closer.start, closer.start + 1)
    reports.error(
        "L0103.opening",
        tokens[first].start,
        tokens[error.index - 1].end,
        bracket=bracket,
        label=Text("L0103.opening.label", {"bracket": bracket}),
        labels=(Label(place, Text("L0103.opening.closed", {"bracket": closer.text[:1]})),),
    )
    return True


def _report_strays(strays: list[Token], reports: Reports) -> None:
    for token in strays[:1]:
        fixes = (Fix(reports.span(token.start, token.end), "", certain=False),)
        reports.error("L0103", token.start, token.start + 1, bracket=token.text[:1], fixes=fixes)


__all__ = ["parse", "parse_expression", "read"]
