"""Parse the tokens of one statement with Lark: its interactive parser is fed by hand, and reduces into the builder.

By hand, because what a word is depends on what can follow where it stands; into the builder and not into Lark's
trees, because they keep no place for the depth of what is nested, and positions only of what became a tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from lark import Token as LarkToken
from lark import UnexpectedToken
from lark.grammar import Rule
from lark.parsers.lalr_interactive_parser import InteractiveParser

from .builder import NESTING, Builder
from .tables import parser
from .tokens import DEPTH, END, RESERVED, STATEMENT_WORDS, WORD, Token


class Unexpected(Exception):
    """A token that fits nowhere: its index, and what would have fitted."""

    def __init__(self, index: int, accepted: frozenset[str]) -> None:
        super().__init__(index)
        self.index = index
        self.accepted = accepted


class TooDeep(Exception):
    """Something is nested more than DEPTH levels deep, and was reported."""


class Leaf(LarkToken):
    """A token on the parser's stack; its `value` is the scanner's."""

    __slots__ = ("end", "start")
    start: int
    end: int
    depth = 0

    @classmethod
    def of(cls, token: Token, terminal: str) -> Leaf:
        """Make one of the scanner's token, for the terminal that it is here."""
        leaf = cls(terminal, token.text)
        leaf.value, leaf.start, leaf.end = token, token.start, token.end
        return leaf


class Branch:
    """A node on the parser's stack, its range, and how deep it is nested."""

    __slots__ = ("depth", "end", "start", "value")

    def __init__(self, value: Any, start: int, end: int, depth: int) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.depth = depth


class Driver:
    """Parses the statements of one source."""

    def __init__(self, builder: Builder) -> None:
        self.reports = builder.reports
        self.callbacks: dict[Any, Any] = {
            rule: itemgetter(0) if unit else Reduction(builder, rule, keep) for rule, keep, unit in _productions()
        }

    def run(self, start: str, tokens: list[Token]) -> Any:
        """Parse tokens into a node; raises Unexpected at the first that fits nowhere."""
        names = _terminals()
        interactive = parser().parse_interactive(start=start)
        # Those that Lark was loaded with know no builder; `accepts` puts its own in place in the same way.
        interactive.parser_state.parse_conf.callbacks = self.callbacks
        last = tokens[-1].end if tokens else 0
        parsed = None
        for index, token in enumerate([*tokens, Token(END, "", last, last)]):
            type_ = token.type if token.type != WORD else _word(index, tokens, interactive.choices())
            try:
                parsed = interactive.feed_token(Leaf.of(token, names.get(type_, type_)))
            except UnexpectedToken:
                raise Unexpected(index, _accepted(interactive)) from None
        assert parsed is not None, "the end is always accepted or unexpected"
        return parsed.value


@cache
def _terminals() -> dict[str, str]:
    """Map what the grammar writes as "…", and tokens go by, to the names that Lark gave it."""
    return {terminal.pattern.value: terminal.name for terminal in parser().terminals}


@cache
def _texts() -> dict[str, str]:
    return {name: text for text, name in _terminals().items()}


def _word(index: int, tokens: list[Token], choices: Mapping[str, Any]) -> str:
    """Choose what a word is by what can follow here: reserved words are names where no value is expected."""
    text = tokens[index].text
    fits = _terminals().get(text) in choices
    if fits and (text == "as" or (index == 0 and text in STATEMENT_WORDS)):
        return text
    if text in RESERVED:
        named = index + 1 < len(tokens) and tokens[index + 1].type == "="
        if "KEY" in choices and (named or not (fits or "NAME" in choices)):
            return "KEY"
        return text
    return "NAME" if "NAME" in choices or "KEY" not in choices else "KEY"


def _accepted(interactive: InteractiveParser) -> frozenset[str]:
    """Give what could really follow, as tokens go by it: reductions are tried, for the tables promise too much."""
    state = interactive.parser_state
    if state.position == state.parse_conf.end_state:
        # Complete, reduced already for the sake of a token that didn't fit after all: Lark says that nothing follows.
        return frozenset({END})
    return frozenset(_texts().get(name, name) for name in interactive.accepts())


class Spliced(list[Any]):
    """The values of an inline production, to be put into the one around it."""


class Reduction:
    """What Lark calls, with what stands on its stack, to reduce by one production.

    The builder's method gets the values at `keep`: what the grammar writes as "…" is left out.
    """

    __slots__ = ("builder", "keep", "method", "nests")

    def __init__(self, builder: Builder, rule: Rule, keep: list[int]) -> None:
        name = rule.alias or rule.origin.name
        self.builder = builder
        self.keep = keep
        self.nests = name in NESTING
        self.method = None if rule.origin.name.startswith("_") else getattr(builder, name)

    def __call__(self, parts: list[Leaf | Branch]) -> Branch:
        start, end = parts[0].start, parts[-1].end
        depth = max([part.depth for part in parts])
        values = _spliced([parts[n].value for n in self.keep])
        if self.method is None:
            return Branch(values, start, end, depth)
        reports = self.builder.reports
        if self.nests:
            depth += 1
            if depth > DEPTH:
                reports.error("L0109", start, start + 1, limit=DEPTH)
                raise TooDeep
        return Branch(self.method(reports.span(start, end), *values), start, end, depth)


@cache
def _productions() -> list[tuple[Rule, list[int], bool]]:
    """List the productions, with the parts whose values count, and whether they stand for their only part."""
    found = []
    for rule in parser().rules:
        keep = [n for n, symbol in enumerate(rule.expansion) if not getattr(symbol, "filter_out", False)]
        unit = rule.options.expand1 and rule.alias is None and len(keep) == 1
        assert not unit or len(rule.expansion) == 1, f"give this production an alias: {rule}"
        found.append((rule, keep, unit))
    return found


def _spliced(values: list[Any]) -> list[Any]:
    """Join values, taking over the first list as it is: a list of 100,000 items is built once, not 100,000 times."""
    if values and isinstance(values[0], Spliced):
        result, rest = values[0], values[1:]
    else:
        result, rest = Spliced(), values
    for value in rest:
        if isinstance(value, Spliced):
            result.extend(value)
        else:
            result.append(value)
    return result
