"""The parser: Lark's own, made from grammar.lark once and kept as JSON, because building it costs ten times reading it.

After a change of the grammar run `python -m llx.dsl.tables`; a test holds that the file equals a fresh build.
Lark's serialisation and `_load` are not public, so its version is pinned. (Its public ways are pickles.)
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

HERE = Path(__file__).parent
GRAMMAR = HERE / "grammar.lark"
TABLES = HERE / "tables.json"
STARTS = ("statement", "expression")


@cache
def parser() -> Lark:
    """Load the parser from its tables."""
    from lark import Lark

    stored = json.loads(TABLES.read_text(encoding="utf-8"))
    table = stored["data"]["parser"]["parser"]
    # JSON has no numbers as keys.
    table["tokens"] = _numbered(table["tokens"])
    table["states"] = {int(state): _numbered(actions) for state, actions in table["states"].items()}
    return Lark._load_from_dict(stored["data"], _numbered(stored["memo"]))


def _numbered(stored: dict[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in stored.items()}


def build() -> dict[str, Any]:
    """Make the tables from the grammar, as they are stored."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    # The lexer is scan.py; of Lark's the smallest is named, and never used.
    lark = Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        start=list(STARTS),
        parser="lalr",
        lexer="basic",
        maybe_placeholders=False,
    )
    frontend: Any = lark.parser
    frontend.parser._parse_table = _ordered(frontend.parser._parse_table)
    data, memo = lark.memo_serialize([TerminalDef, Rule])
    return {"data": data, "memo": memo}


def _ordered(table: Any) -> Any:
    """Number states in the order in which they are reached: Lark numbers them anew in every process."""
    from lark.parsers.lalr_analysis import IntParseTable, Shift

    order = [table.start_states[start] for start in STARTS]
    for state in order:
        reached = [target for _, (what, target) in sorted(table.states[state].items()) if what is Shift]
        order.extend(target for target in dict.fromkeys(reached) if target not in order)
    place = {state: n for n, state in enumerate(order)}
    states = {
        place[state]: {
            symbol: (what, place[target] if what is Shift else target)
            for symbol, (what, target) in sorted(table.states[state].items())
        }
        for state in order
    }
    starts, ends = (
        {start: place[found[start]] for start in STARTS} for found in (table.start_states, table.end_states)
    )
    return IntParseTable(states, starts, ends)


def text(stored: dict[str, Any]) -> str:
    """Write the tables as JSON, a state and a rule a line, so that a change can be read."""
    return _lines(stored) + "\n"


def _lines(value: Any) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or len(line) < 2000:
        return line
    lines = (f"{json.dumps(str(key))}: {_lines(item)}" for key, item in value.items())
    return "{\n" + ",\n".join(lines) + "\n}"


if __name__ == "__main__":
    TABLES.write_text(text(build()), encoding="utf-8")
    print(f"wrote {TABLES}")
