"""The language's own words, signs and units: one table, for `llx explain` and the page of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ...dsl.functions import FUNCTIONS, READS_ENVIRONMENT
from ...dsl.literals import FACTORS
from ...dsl.quantities import BASE_UNIT, UNITS
from ...dsl.record import Record
from .words import Words

SECTIONS = ("statements", "values", "signs", "functions", "types", "units", "suffixes")
"""The headings of the page, in their order."""


class Entry(Record):
    """A word or a sign: its section, an example in the language, and what else people call it.

    What it means is the text `word.KEY` of the catalogue, in each language.
    """

    word: str
    section: str
    key: str
    example: str
    also: tuple[str, ...] = ()

    def meaning(self, say: Words) -> str:
        """Say what it means."""
        if self.section == "units":
            dimension, worth = UNITS[self.word]
            key = "word.unit" if worth == 1 else "word.unit.worth"
            values = {"dimension": say(f"dimension.{dimension}"), "worth": f"{worth:,} {BASE_UNIT[dimension]}"}
            own = f" {say(self.key)}" if self.key else ""
            return say(key, **values) + own
        if self.section == "suffixes":
            return say("word.suffix", factor=f"{FACTORS[self.word]:,}") if self.word in FACTORS else say(self.key)
        return say(self.key)


_STATEMENTS = {
    "experiment": "experiment reviews { seed = 7, device = auto }",
    "import": 'import "common/corpora.llx" as corpora { language = "ja" }',
    "use": "use llx-focal >= 0.2 as focal",
    "as": 'import "corpora.llx" as corpora',
    "param": "param width: int = 256",
    "let": "let per_step = 32Ki tokens",
    "expect": "expect useful = scores.accuracy > 70%",
}
_VALUES = {
    "if": "let warmup = if quick then 10 steps else 200 steps",
    "then": "let warmup = if quick then 10 steps else 200 steps",
    "else": "let warmup = if quick then 10 steps else 200 steps",
    "and": "let small = layers < 4 and width <= 256",
    "or": "let small = layers < 4 or width <= 256",
    "not": "let large = not small",
    "with": "stage slow = pretrain with { optimizer.lr = lr / 2 }",
    "true": "let quick = true",
    "false": "let quick = false",
    "none": "stage short = pretrain with { schedule = none }",
}
_SIGNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "=": ("equals", "let width = 256", ("assign",)),
    "|>": ("pipe", 'data novels = text("books/*.txt") |> clean(min_chars = 200)', ("pipe",)),
    "==": ("compare", "let same = width == 256", ("equal",)),
    "!=": ("compare", "let other = width != 256", ("unequal",)),
    "<": ("compare", "let small = width < 256", ("less",)),
    "<=": ("compare", "let small = width <= 256", ()),
    ">": ("compare", "let large = width > 256", ("greater",)),
    ">=": ("compare", "let large = width >= 256", ()),
    "+": ("add", "let both = 3 h + 30 min", ("plus",)),
    "-": ("add", "let rest = 3 h - 30 min", ("minus",)),
    "*": ("multiply", "let double = 2 * width", ("times",)),
    "/": ("divide", "let heads = width / 64", ("divided",)),
    ".": ("dot", "stage tuned = finetune { from = pretrain.best }", ("dot", "output")),
    "( )": ("parentheses", 'data reviews = csv("reviews.csv", label = "stars")', ("(", ")", "call")),
    "[ ]": ("brackets", "let rates = [1e-4, 3e-4]", ("[", "]", "list")),
    "{ }": ("braces", "model gpt = decoder { layers = 6 }", ("{", "}", "block", "map")),
    "#": ("comment", "let width = 256   # of all models", ("comment",)),
    "##": ("doc", "param lr = 6e-4   ## at the top of the schedule", ("doc",)),
    '" "': ("string", 'let folder = "books"', ('"', "string")),
    '""" """': ("long", 'let note = """\n  Two\n  lines\n"""', ('"""',)),
    "${ }": ("hole", 'data novels = text("${folder}/*.txt")', ("${", "$")),
}
_TYPES = {
    "int": "param width: int = 256",
    "number": "param lr: number = 6e-4",
    "text": 'param folder: text = "books"',
    "bool": "param quick: bool = false",
    "quantity": "param budget: quantity = 20M tokens",
    "time": "param limit: time = 3 h",
    "memory": "param cache: memory = 2 GiB",
    "energy": "param allowed: energy = 1 kWh",
    "power": "param usual: power = 300 W",
}
_FUNCTIONS = {
    "min": "let heads = min(8, width / 64)",
    "max": "let batch = max(8, 64 / steps)",
    "abs": "expect close = abs(scores.accuracy - before.accuracy) < 1%",
    "round": "let warmup = round(0.01 * steps)",
    READS_ENVIRONMENT: 'param folder = env("BOOKS", "books")',
}


@cache
def lexicon() -> tuple[Entry, ...]:
    """Give all entries, in the order of the page."""
    return tuple(_entries())


def explained(word: str) -> list[Entry]:
    """Give the entries of a word or sign, under its own name or another that people have for it."""
    return [entry for entry in lexicon() if word in (entry.word, *entry.also)]


def names() -> list[str]:
    """Give what `llx explain` knows of the language itself."""
    return list(dict.fromkeys(name for entry in lexicon() for name in (entry.word, *entry.also)))


def page(say: Words) -> str:
    """Write the page of the reference."""
    parts = [say("word.page.text")]
    for section in SECTIONS:
        entries = [entry for entry in lexicon() if entry.section == section]
        rows = [
            f"| {' | '.join(_cell(text) for text in (f'`{entry.word}`', entry.meaning(say)))} |" for entry in entries
        ]
        examples = dict.fromkeys(entry.example for entry in entries)
        head = f"| {say('word.page.word')} | |\n|---|---|\n"
        parts += [f"## {say(f'word.page.{section}')}", head + "\n".join(rows)]
        parts.append("```llx\n" + "\n".join(examples) + "\n```")
    return say.page(say("reference.words"), *parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _entries() -> Iterator[Entry]:
    for word, example in _STATEMENTS.items():
        yield Entry(word, "statements", f"word.{word}", example)
    for word, example in _VALUES.items():
        yield Entry(word, "values", f"word.{word}", example)
    for sign, (key, example, also) in _SIGNS.items():
        yield Entry(sign, "signs", f"word.sign.{key}", example, also)
    for name in (*FUNCTIONS, READS_ENVIRONMENT):
        yield Entry(name, "functions", f"reference.function.{name}", _FUNCTIONS[name])
    for name, example in _TYPES.items():
        yield Entry(name, "types", f"word.type.{name}", example)
    for unit, (dimension, _) in UNITS.items():
        if f"{unit}s" not in UNITS:
            key = f"word.unit.{unit}" if BASE_UNIT[dimension] == unit == dimension else ""
            singular = (unit.removesuffix("s"),) if unit.removesuffix("s") in UNITS and len(unit) > 1 else ()
            yield Entry(unit, "units", key, f"let amount_{unit} = 3 {unit}", singular)
    for suffix in (*FACTORS, "%"):
        number = "10%" if suffix == "%" else f"3{suffix}"
        yield Entry(
            suffix, "suffixes", "word.percent" if suffix == "%" else "", f"let number_{suffix.strip('%')} = {number}"
        )
