"""Run the parse tables over the tokens of one statement."""

from __future__ import annotations

from typing import Any

from .builder import NESTING, Builder
from .tables import Rule, Tables
from .tokens import DEPTH, END, RESERVED, STATEMENT_WORDS, WORD, Token


class Unexpected(Exception):
    """A token that fits nowhere: its index, and what would have fitted."""

    def __init__(self, index: int, accepted: frozenset[str]) -> None:
        super().__init__(index)
        self.index = index
        self.accepted = accepted


class TooDeep(Exception):
    """Something is nested more than DEPTH levels deep, and was reported."""


class Value:
    """What stands on the parser's stack: a node (or token), its range, and how deep it is nested."""

    __slots__ = ("depth", "end", "start", "value")

    def __init__(self, value: Any, start: int, end: int, depth: int) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.depth = depth


def run(tables: Tables, start: str, tokens: list[Token], builder: Builder) -> Any:
    """Parse tokens into a node; raises Unexpected at the first that fits nowhere."""
    states, final = tables.states, tables.ends[start]
    stack = [tables.starts[start]]
    values: list[Value] = []
    last = tokens[-1].end if tokens else 0
    for index, token in enumerate([*tokens, Token(END, "", last, last)]):
        while True:
            if token.type == END and stack[-1] == final:
                return values[-1].value
            actions = states[stack[-1]]
            type_ = token.type if token.type != WORD else _terminal(token, index, tokens, actions)
            action = actions.get(type_)
            if action is None:
                raise Unexpected(index, _accepted(tables, stack, final))
            if action >= 0:
                break
            rule = tables.rules[-1 - action]
            if not rule.unit:
                reduced = _reduce(rule, values[-rule.length :], builder)
                del values[-rule.length :]
                values.append(reduced)
            del stack[-rule.length :]
            stack.append(states[stack[-1]][rule.origin])
        stack.append(action)
        values.append(Value(token, token.start, token.end, 0))
    raise AssertionError("the end is always accepted or unexpected")


def _terminal(token: Token, index: int, tokens: list[Token], actions: dict[str, int]) -> str:
    """Choose what a word is by what can follow here: reserved words are names where no value is expected."""
    text = token.text
    if index == 0 and text in STATEMENT_WORDS and text in actions:
        return text
    if text == "as" and "as" in actions:
        return text
    if text in RESERVED:
        named = index + 1 < len(tokens) and tokens[index + 1].type == "="
        if "KEY" in actions and (named or not {text, "NAME"} & actions.keys()):
            return "KEY"
        return text
    return "NAME" if "NAME" in actions or "KEY" not in actions else "KEY"


def _reduce(rule: Rule, taken: list[Value], builder: Builder) -> Value:
    """Make the value of a production from those of its parts."""
    start, end = taken[0].start, taken[-1].end
    depth = max([value.depth for value in taken])
    kept = _spliced([taken[n] for n in rule.keep])
    if rule.inline:
        return Value(kept, start, end, depth)
    if rule.action in NESTING:
        depth += 1
        if depth > DEPTH:
            builder.reports.error("L0109", start, start + 1, limit=DEPTH)
            raise TooDeep
    return Value(getattr(builder, rule.action)(builder.reports.span(start, end), *kept), start, end, depth)


class Spliced(list[Any]):
    """The values of an inline rule, to be put into the rule around it."""


def _spliced(kept: list[Value]) -> Spliced:
    """Join values, taking over the first list as it is: a list of 100,000 items is built once, not 100,000 times."""
    if kept and isinstance(kept[0].value, Spliced):
        result: Spliced = kept[0].value
        rest = kept[1:]
    else:
        result, rest = Spliced(), kept
    for item in rest:
        if isinstance(item.value, Spliced):
            result.extend(item.value)
        else:
            result.append(item.value)
    return result


def _accepted(tables: Tables, stack: list[int], final: int) -> frozenset[str]:
    """Give the terminals that could really follow: reductions are tried, because the tables promise too much."""
    symbols = [symbol for symbol in tables.states[stack[-1]] if symbol not in tables.origins]
    if stack[-1] == final:
        symbols.append(END)
    return frozenset(symbol for symbol in symbols if _shifts(tables, stack, symbol, final))


def _shifts(tables: Tables, stack: list[int], symbol: str, final: int) -> bool:
    stack = stack[:]
    while True:
        if symbol == END and stack[-1] == final:
            return True
        action = tables.states[stack[-1]].get(symbol)
        if action is None:
            return False
        if action >= 0:
            return True
        rule = tables.rules[-1 - action]
        del stack[-rule.length :]
        stack.append(tables.states[stack[-1]][rule.origin])
