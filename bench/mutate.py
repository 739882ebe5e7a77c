"""How well `llx check` sees mistakes: wrong programs made from right ones, by a seed.

python bench/mutate.py --seed 1 2 3 --out docs/mutations.md
python bench/mutate.py --seed 1 --show          # what wasn't rejected, misplaced, or left without the right suggestion
"""

from __future__ import annotations

import argparse
import difflib
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llx.dsl.diagnostics.concise import show
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.words import render
from mutation.operators import OF_TEXT, OPERATORS, Mutant, known_names
from mutation.subjects import Subject, subjects

GOALS = {"rejected": 98.0, "span": 95.0, "suggestion": 90.0}


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `suggested` is None where no name was misspelt."""

    operator: str
    subject: Subject
    mutant: Mutant
    said: Sequence[Diagnostic]
    rejected: bool
    placed: bool
    suggested: bool | None

    @property
    def failures(self) -> list[str]:
        found = {
            "not rejected": not self.rejected,
            "misplaced": not self.placed,
            "no suggestion": self.suggested is False,
        }
        return [name for name, failed in found.items() if failed]


def main() -> int:
    options = argparse.ArgumentParser(description="measure what the check sees of mistakes")
    options.add_argument("--seed", type=int, nargs="+", default=[1])
    options.add_argument("--each", type=int, default=40, help="mutants of an operator, at most")
    options.add_argument("--out", type=Path, help="write the tables there")
    options.add_argument("--show", action="store_true", help="print what failed")
    options.add_argument("--only", default="", help="operators whose names hold this")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        programs = list(subjects(Path(folder)))
        found = {seed: judge_all(programs, seed, given.each, given.only) for seed in given.seed}
    tables = "\n".join(table(seed, verdicts) for seed, verdicts in found.items())
    if given.show:
        for verdicts in found.values():
            print(*(shown(one) for one in verdicts if one.failures), sep="\n")
    print(tables)
    if given.out:
        given.out.write_text(page(programs, found, tables), encoding="utf-8")
    return 0 if all(is_good(verdicts) for verdicts in found.values()) else 1


def judge_all(programs: Sequence[Subject], seed: int, each: int, only: str = "") -> list[Verdict]:
    """Judge so many mutants of each operator, as evenly over the programs as there are any."""
    found = []
    for operator in OPERATORS:
        if only in operator:
            chosen = choose(programs, operator, random.Random(f"{seed} {operator}"), each)
            found += [judge(operator, subject, mutant) for subject, mutant in chosen]
    return found


def choose(programs: Sequence[Subject], operator: str, rng: random.Random, each: int) -> list[tuple[Subject, Mutant]]:
    """Choose mutants: one of each program in turn, until there are enough."""
    piles = []
    for subject in programs:
        if subject.catalogue is not None or operator in OF_TEXT:
            known = known_names(subject.catalogue, [subject.reading]) if subject.catalogue else frozenset()
            mutants = list(OPERATORS[operator](subject.reading, known, rng))
            rng.shuffle(mutants)
            piles.append([(subject, mutant) for mutant in mutants])
    chosen: list[tuple[Subject, Mutant]] = []
    while any(piles) and len(chosen) < each:
        for pile in piles:
            if pile and len(chosen) < each:
                chosen.append(pile.pop())
    return chosen


def judge(operator: str, subject: Subject, mutant: Mutant) -> Verdict:
    """Ask what is said of a mutant, and hold it against what was done."""
    said = subject.ask(mutant.text)
    errors = [one for one in said if one.is_error]
    placed = any(touches(one, mutant) for one in errors)
    suggested = None if mutant.original is None else any(suggests(one, mutant.original) for one in errors)
    return Verdict(operator, subject, mutant, said, bool(errors), placed, suggested)


def touches(diagnostic: Diagnostic, mutant: Mutant) -> bool:
    """Tell whether the primary span touches a place of the mutation."""
    span = diagnostic.span
    return span is not None and any(span.start <= end and span.end >= start for start, end in mutant.places)


def suggests(diagnostic: Diagnostic, name: str) -> bool:
    """Tell whether the original stands in a fix or in a help."""
    helps = [render(text, "en") for text in diagnostic.helps]
    return any(fix.replacement == name for fix in diagnostic.fixes) or any(f"`{name}`" in text for text in helps)


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def table(seed: int, verdicts: Sequence[Verdict]) -> str:
    """Write the figures of a seed, operator by operator."""
    lines = [
        f"## Seed {seed}\n",
        "| operator | mutants | rejected % | span % | suggestion % |",
        "|---|--:|--:|--:|--:|",
    ]
    rows = {operator: [one for one in verdicts if one.operator == operator] for operator in OPERATORS}
    for name, row in [*rows.items(), ("**all**", list(verdicts))]:
        misspelt = [one for one in row if one.suggested is not None]
        lines.append(
            f"| {name} | {len(row)} | {percent(sum(one.rejected for one in row), len(row))}"
            f" | {percent(sum(one.placed for one in row), len(row))}"
            f" | {percent(sum(bool(one.suggested) for one in misspelt), len(misspelt))} |"
        )
    return "\n".join(lines) + "\n"


def is_good(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether the figures of a seed reach the goals."""
    misspelt = [one for one in verdicts if one.suggested is not None]
    figures = {
        "rejected": (sum(one.rejected for one in verdicts), len(verdicts)),
        "span": (sum(one.placed for one in verdicts), len(verdicts)),
        "suggestion": (sum(bool(one.suggested) for one in misspelt), len(misspelt)),
    }
    return all(100 * part >= GOALS[name] * whole for name, (part, whole) in figures.items())


def shown(verdict: Verdict) -> str:
    """Write a mutant that failed: what was changed, and what was said."""
    before, after = verdict.subject.reading.text.splitlines(), verdict.mutant.text.splitlines()
    changed = [
        line for line in difflib.unified_diff(before, after, lineterm="", n=0) if not line.startswith(("---", "+++"))
    ]
    head = f"== {verdict.operator}, {', '.join(verdict.failures)}: {verdict.subject.name}"
    errors = [one for one in verdict.said if one.is_error]
    helps = [f"  help: {render(text, 'en')}" for one in errors for text in one.helps]
    return "\n".join([head, *changed, show(errors, "en").rstrip() or "(nothing was said)", *helps, ""])


def page(programs: Sequence[Subject], found: Mapping[int, Sequence[Verdict]], tables: str) -> str:
    """Write the page with the figures."""
    text = (Path(__file__).parent / "mutation" / "page.md").read_text(encoding="utf-8")
    count = f"{sum(map(len, found.values())):,}"
    seeds = " ".join(map(str, found))
    return text.format(programs=len(programs), seeds=seeds, count=count, tables=tables, **GOALS)


if __name__ == "__main__":
    sys.exit(main())
