"""Parse the tokens of one statement with the tables that Lark made of the grammar, and reduce into the builder.

The tables are run here and not by Lark: what a word is depends on what can follow where it stands; Lark's trees keep
no place for the depth of what is nested, and positions only of what became a tree; and this is twice as fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from lark.grammar import Rule
from lark.parsers.lalr_analysis import Shift

from .builder import NESTING, Builder
from .record import Record
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


class Part:
    """A token or a node on the parser's stack, its range, and how deep it is nested."""

    __slots__ = ("depth", "end", "start", "value")

    def __init__(self, value: Any, start: int, end: int, depth: int) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.depth = depth


class Production:
    """A rule of the grammar as the parser needs it: how many parts it takes, and what they are together."""

    __slots__ = ("is_unit", "keep", "origin", "rule", "size")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.origin: str = rule.origin.name
        self.size = len(rule.expansion)
        self.keep = [n for n, symbol in enumerate(rule.expansion) if not getattr(symbol, "filter_out", False)]
        self.is_unit = rule.options.expand1 and rule.alias is None and len(self.keep) == 1
        """Whether it stands for its only part."""
        assert not self.is_unit or self.size == 1, f"give this production an alias: {rule}"


class Machine(Record):
    """The parse tables: an action is the state to go to, or the production to reduce by."""

    states: Mapping[int, Mapping[str, int | Production]]
    starts: Mapping[str, int]
    ends: Mapping[str, int]
    productions: tuple[Production, ...]


@cache
def _machine() -> Machine:
    """Make the parse tables of Lark's."""
    table = parser().parser.parser._parse_table
    known = {id(rule): Production(rule) for rule in parser().rules}
    # Rules of the tables equal those of the grammar, and may be other objects.
    equal = {rule: known[id(rule)] for rule in parser().rules}
    states = {
        state: {symbol: to if what is Shift else equal[to] for symbol, (what, to) in actions.items()}
        for state, actions in table.states.items()
    }
    return Machine(states, table.start_states, table.end_states, tuple(known.values()))


class Driver:
    """Parses the statements of one source."""

    def __init__(self, builder: Builder) -> None:
        self.reports = builder.reports
        self.reductions = {one: Reduction(builder, one) for one in _machine().productions if not one.is_unit}

    def run(self, start: str, tokens: list[Token]) -> Any:
        """Parse tokens into a node; raises Unexpected at the first that fits nowhere."""
        names = _terminals()
        machine = _machine()
        states, end = machine.states, machine.ends[start]
        stack, parts = [machine.starts[start]], list[Part]()
        last = tokens[-1].end if tokens else 0
        for index, token in enumerate([*tokens, Token(END, "", last, last)]):
            type_ = token.type if token.type != WORD else _word(index, tokens, states[stack[-1]])
            symbol = names.get(type_, type_)
            while not isinstance(action := states[stack[-1]].get(symbol), int):
                if action is None:
                    raise Unexpected(index, _accepted(stack, end))
                if action.is_unit:
                    stack[-1] = _through_units(stack[-2], stack[-1], symbol)
                else:
                    taken = parts[-action.size :]
                    del stack[-action.size :], parts[-action.size :]
                    parts.append(self.reductions[action](taken))
                    stack.append(_goto(stack[-1], action))
                if symbol == END and stack[-1] == end:
                    return parts[-1].value
            stack.append(action)
            parts.append(Part(token, token.start, token.end, 0))
        raise AssertionError("the end is always accepted or unexpected")


@cache
def _through_units(below: int, state: int, symbol: str) -> int:
    """Give the state after all reductions that leave a part as it is; a value goes through a dozen of them."""
    states = _machine().states
    while isinstance(action := states[state].get(symbol), Production) and action.is_unit:
        state = _goto(below, action)
    return state


def _goto(state: int, production: Production) -> int:
    """Give the state that follows a reduction, by the one below it."""
    following = _machine().states[state][production.origin]
    assert isinstance(following, int)
    return following


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


def _accepted(stack: list[int], end: int) -> frozenset[str]:
    """Give what could really follow, as tokens go by it: reductions are tried, for the tables promise too much."""
    if stack[-1] == end:
        # Complete, and reduced already for the sake of a token that didn't fit after all.
        return frozenset({END})
    symbols = [symbol for symbol in _machine().states[stack[-1]] if symbol.isupper()]
    return frozenset(_texts().get(symbol, symbol) for symbol in symbols if _is_accepted(symbol, stack, end))


def _is_accepted(symbol: str, stack: list[int], end: int) -> bool:
    """Tell whether a terminal fits: whether the reductions that it brings about end in its being shifted."""
    states = _machine().states
    stack = stack[:]
    while isinstance(action := states[stack[-1]].get(symbol), Production):
        del stack[-action.size :]
        stack.append(_goto(stack[-1], action))
        if symbol == END and stack[-1] == end:
            return True
    return action is not None


class Spliced(list[Any]):
    """The values of an inline production, to be put into the one around it."""


class Reduction:
    """What is called, with what stands on the stack, to reduce by one production.

    The builder's method gets the values at `keep`: what the grammar writes as "…" is left out.
    """

    __slots__ = ("builder", "keep", "method", "nests")

    def __init__(self, builder: Builder, production: Production) -> None:
        name = production.rule.alias or production.origin
        self.builder = builder
        self.keep = production.keep
        self.nests = name in NESTING
        self.method = None if production.origin.startswith("_") else getattr(builder, name)

    def __call__(self, parts: list[Part]) -> Part:
        start, end = parts[0].start, parts[-1].end
        depth = max([part.depth for part in parts])
        values = _spliced([parts[n].value for n in self.keep])
        if self.method is None:
            return Part(values, start, end, depth)
        reports = self.builder.reports
        if self.nests:
            depth += 1
            if depth > DEPTH:
                reports.error("L0109", start, start + 1, limit=DEPTH)
                raise TooDeep
        return Part(self.method(reports.span(start, end), *values), start, end, depth)


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
