"""The page of units and functions."""

from __future__ import annotations

from collections.abc import Iterable

from ...dsl.functions import FUNCTIONS, READS_ENVIRONMENT
from ...dsl.literals import FACTORS
from ...dsl.quantities import BASE_UNIT, UNITS, show_number
from .words import Words


def page(say: Words) -> str:
    """Write the page."""
    return say.page(
        say("reference.quantities"),
        say("reference.quantities.text"),
        "```llx\nlet budget = 3 h\nlet batch = 32Ki tokens\nlet per_step = 20M tokens / batch\n```",
        f"## {say('reference.units_title')}",
        _table((say("reference.dimension"), say("reference.unit"), say("reference.worth")), _units(say)),
        f"## {say('reference.suffixes')}",
        _table((say("reference.suffix"), say("reference.times")), _suffixes()),
        f"## {say('reference.arithmetic')}",
        say("reference.arithmetic.text"),
        f"## {say('reference.functions')}",
        _table((say("reference.function"), say("reference.arguments"), ""), _functions(say)),
    )


def _units(say: Words) -> Iterable[tuple[str, ...]]:
    for unit, (dimension, worth) in UNITS.items():
        if f"{unit}s" in UNITS:
            continue  # the singular, which is understood too
        base = BASE_UNIT[dimension]
        yield say(f"dimension.{dimension}"), f"`{unit}`", "" if unit == base else f"{worth:,} {base}"


def _suffixes() -> Iterable[tuple[str, ...]]:
    for suffix, factor in FACTORS.items():
        yield f"`{suffix}`", f"{factor:,}"
    yield "`%`", "0.01"


def _functions(say: Words) -> Iterable[tuple[str, ...]]:
    for name, (_, least, most) in FUNCTIONS.items():
        count = str(least) if most == least else say("reference.at_least", least=least)
        if most is not None and most != least:
            count = f"{show_number(least)}–{show_number(most)}"
        yield f"`{name}`", count, say(f"reference.function.{name}")
    yield f"`{READS_ENVIRONMENT}`", "1–2", say(f"reference.function.{READS_ENVIRONMENT}")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
