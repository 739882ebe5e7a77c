"""The parse tables: made from grammar.lark by Lark, kept as JSON, so that parsing needs neither Lark nor time.

Importing Lark and building the tables costs about 100 ms, reading them about one. After a change of the
grammar run `python -m llx.dsl.tables`; a test holds that the file equals a fresh build.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GRAMMAR = HERE / "grammar.lark"
TABLES = HERE / "tables.json"
STARTS = ("statement", "expression")
END = "$END"


@dataclass(frozen=True, slots=True)
class Rule:
    """One production: reduce `length` values to `origin`, by the builder's method `action`.

    `keep` are the indexes of the values that the method gets: what the grammar writes as "…" is left out.
    An `inline` rule puts its values into its parent; a `unit` stands for its only part.
    """

    origin: str
    action: str
    length: int
    keep: tuple[int, ...]
    inline: bool
    unit: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """States as maps from a symbol to what to do: a state to go to, or -1 - n to reduce by rule n."""

    states: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    starts: dict[str, int]
    ends: dict[str, int]
    origins: frozenset[str]
    """The symbols that are no terminals."""


@cache
def tables() -> Tables:
    """Read the tables."""
    stored = json.loads(TABLES.read_text(encoding="utf-8"))
    rules = tuple(
        Rule(origin, action, length, tuple(keep), inline, unit)
        for origin, action, length, keep, inline, unit in stored["rules"]
    )
    return Tables(
        tuple(stored["states"]), rules, stored["starts"], stored["ends"], frozenset(rule.origin for rule in rules)
    )


def build() -> dict[str, Any]:
    """Make the tables from the grammar, as they are stored."""
    from lark import Lark
    from lark.lexer import Lexer
    from lark.parsers.lalr_analysis import Shift

    class NoLexer(Lexer):
        def __init__(self, configuration: Any) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any) -> Any:
            raise NotImplementedError

    lark = Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        start=list(STARTS),
        parser="lalr",
        lexer=NoLexer,
        maybe_placeholders=False,
        strict=False,
    )
    parser: Any = lark.parser
    table = parser.parser._parse_table  # Lark offers no public way to them; its version is pinned.
    # A terminal that the grammar writes as "…" goes by that text, in tokens too.
    shown = {t.name: t.pattern.value for t in lark.terminals if t.pattern is not None}
    number = {rule: n for n, rule in enumerate(lark.rules)}
    clash = set(shown.values()) & {str(rule.origin.name) for rule in lark.rules}
    assert not clash, f"these are both a word and a rule: {clash}"
    # Lark numbers its states anew in every process: number them in the order in which they are reached.
    order = [table.start_states[start] for start in STARTS]
    for state in order:
        reached = [target for _, (what, target) in sorted(table.states[state].items()) if what is Shift]
        order.extend(target for target in dict.fromkeys(reached) if target not in order)
    place = {state: n for n, state in enumerate(order)}
    states = [
        {
            shown.get(symbol, symbol): place[target] if what is Shift else -1 - number[target]
            for symbol, (what, target) in sorted(table.states[state].items())
        }
        for state in order
    ]
    return {
        "starts": {start: place[table.start_states[start]] for start in STARTS},
        "ends": {start: place[table.end_states[start]] for start in STARTS},
        "rules": [_stored(rule) for rule in number],
        "states": states,
    }


def _stored(rule: Any) -> list[Any]:
    origin = str(rule.origin.name)
    keep = [n for n, symbol in enumerate(rule.expansion) if not (symbol.is_term and symbol.filter_out)]
    unit = bool(rule.options.expand1) and rule.alias is None and len(keep) == 1
    assert not unit or len(rule.expansion) == 1, f"give this production of `{origin}` an alias: {rule}"
    return [origin, rule.alias or origin, len(rule.expansion), keep, origin.startswith("_"), unit]


def text(stored: dict[str, Any]) -> str:
    """Write the tables as JSON, a state and a rule a line, so that a change can be read."""
    lines = []
    for key, value in stored.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in value)
            lines.append(f'"{key}": [\n{rows}\n]')
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TABLES.write_text(text(build()), encoding="utf-8")
    print(f"wrote {TABLES}")
