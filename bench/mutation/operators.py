"""The operators: each gives all mutants of its sort of a program, every one of them wrong by construction.

The list was fixed before the first measurement.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .places import FUNCTIONS, RESERVED, STATEMENTS, TYPES, Entry, Frame, Place, Reading
from .schema import LITERALS, beyond, kinds, named, options, takes, takes_only
from .tokens import ALL_UNITS, OPEN, UNITS, Token

Range = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """A wrong program, where it is wrong, and the name that was misspelt, if one was."""

    text: str
    places: tuple[Range, ...]
    """Ranges of the mutated text that an error may point at: what was put in, or what lies about what was taken away."""
    original: str | None = None


Operator = Callable[[Reading, frozenset[str], random.Random], Iterator[Mutant]]


def known_names(catalogue: object, readings: list[Reading]) -> frozenset[str]:
    """Give every name that might mean something anywhere: what no misspelling may turn into."""
    names: set[str] = STATEMENTS | RESERVED | FUNCTIONS | TYPES | ALL_UNITS
    for kind in catalogue.kinds:  # type: ignore[attr-defined]
        names.add(kind)
        for name, component in catalogue.components(kind).items():  # type: ignore[attr-defined]
            names |= {*name.split("."), *component.fields}
            for one in component.fields.values():
                names |= {word for option in options(one.type) for word in getattr(option, "words", ())}
    for reading in readings:
        names |= {token.text for token in reading.tokens if token.sort == "name"}
    return frozenset(names)


def misspelling(role: str) -> Operator:
    """Make the operator that misspells names of a role, by one or two edits."""

    def operator(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
        for place in reading.places:
            name = place.token.text
            if place.role != role or (new := misspelt(name, known, rng)) is None:
                continue
            start = place.token.start
            yield Mutant(_put(reading.text, start, place.token.end, new), ((start, start + len(new)),), name)

    return operator


def misspelt(name: str, known: frozenset[str], rng: random.Random) -> str | None:
    """Misspell a name: one edit, of a longer name now and then two."""
    for _ in range(20):
        new = _edit(name, rng)
        if len(name) >= 6 and rng.random() < 0.4:
            new = _edit(new, rng)
        if new != name and new not in known and new.isidentifier():
            return new
    return None


def _edit(name: str, rng: random.Random) -> str:
    at = rng.randrange(len(name))
    letter = rng.choice(string.ascii_lowercase)
    ways = [name[:at] + letter + name[at:], name[: at + 1] + name[at : at + 1] + name[at + 1 :]]
    if len(name) > 2:
        ways += [name[:at] + letter + name[at + 1 :], name[:at] + name[at + 1 :]]
        if at + 1 < len(name):
            ways.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    return rng.choice(ways)


def missing_brace(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Take away one bracket of any sort, opening or closing."""
    heads = {frame.open.start: frame for frame in reading.frames}
    opened: list[Token] = []
    for n, token in enumerate(reading.tokens):
        if token.sort != "bracket":
            continue
        text, gap = _cut(reading, n, n)
        if token.text in OPEN:
            opened.append(token)
            head = _head(heads.get(token.start), reading)
            head = (head[0], head[1] - 1) if head else gap
        else:
            opener = opened.pop()
            head = _head(heads.get(opener.start), reading) or (opener.start, opener.end)
        yield Mutant(text, (gap, head))


def missing_comma(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Take away a comma that separates; not a trailing one, nor one before a line's end that separates too."""
    for n, token in enumerate(reading.tokens[1:-1], 1):
        if token.text != ",":
            continue
        before, after = reading.tokens[n - 1], reading.tokens[n + 1]
        separates = after.sort != "newline" and before.sort != "newline" and after.text not in OPEN.values()
        joins = after.text in ("-", "+", "(", "[", "{") or (before.sort == "number" and after.text in ALL_UNITS)
        if separates and not joins:
            text, gap = _cut(reading, n, n, blank=" ")
            yield Mutant(text, (gap,))


def missing_quote(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Take away the quote that opens or closes a string of one line."""
    for token in reading.tokens:
        line = reading.text[token.end : (reading.text + "\n").index("\n", token.end)]
        if token.sort != "string" or token.text.startswith('"""') or ("#" in line and '"' in line.split("#", 1)[1]):
            continue
        for at in (token.start, token.end - 1):
            yield Mutant(_put(reading.text, at, at + 1, ""), ((token.start, token.end - 1),))


def wrong_type(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Put a literal of another type in the place of a value."""
    for entry in _entries(reading):
        for sort, literal in LITERALS.items():
            if entry.wanted is not None and not takes(entry.wanted, sort):
                yield _replace(reading, entry, literal)


def wrong_unit(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Give a quantity a unit of another dimension, or a number that takes none a unit."""
    for entry in _entries(reading):
        if not entry.values or entry.values[0].sort != "number" or entry.wanted is None:
            continue
        fitting = {one for option in options(entry.wanted) for one in getattr(option, "dimensions", ())}
        units = [unit for dimension, units in UNITS.items() if dimension not in fitting for unit in units]
        unit, number = rng.choice(units), entry.values[0]
        if len(entry.values) == 2 and entry.values[1].text in ALL_UNITS and fitting:
            old = entry.values[1]
            start = old.start
            yield Mutant(_put(reading.text, start, old.end, unit), ((number.start, start + len(unit)),))
        elif len(entry.values) == 1 and not fitting and takes_only(entry.wanted, "Number", "Nothing"):
            new = f"{number.text} {unit}"
            yield Mutant(_put(reading.text, number.start, number.end, new), ((number.start, number.start + len(new)),))


def out_of_range(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Put a number beyond its field's range, or a quantity of nothing or less."""
    for entry in _entries(reading):
        sorts = [token.sort for token in entry.values]
        if sorts == ["number"]:
            for new in beyond(entry.wanted) if entry.wanted is not None else []:
                yield _replace(reading, entry, new)
        elif sorts == ["number", "name"] and takes_only(entry.wanted, "QuantityOf", "Nothing", "ListOf", "Number"):
            unit, quantity = entry.values[1].text, named(entry.wanted).get("QuantityOf")
            if quantity is not None:
                yield _replace(reading, entry, f"-3 {unit}")
            if quantity is not None and not quantity.zero:
                yield _replace(reading, entry, f"0 {unit}")


def removed_required(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Take away a field that a component can't do without."""
    for entry in _entries(reading):
        frame = entry.frame
        if not entry.required or frame.update or frame.component is None:
            continue
        n, last = _index(reading, entry.key or entry.values[0]), _index(reading, entry.values[-1])
        separated = last + 1 < len(reading.tokens) and reading.tokens[last + 1].text in (",", "\n")
        if separated:
            text, gap = _cut(reading, n, last + 1, blank="\n" if frame.open.text == "{" else "")
        else:
            text, gap = _cut(reading, n - (reading.tokens[n - 1].text == ","), last)
        head = _head(frame, reading)
        yield Mutant(text, (gap, head) if head else (gap,))


def swapped_names(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Swap two names: kind and name, field and value, the values of two fields, two arguments."""
    for kind, name in reading.statements:
        if kind.text not in STATEMENTS and name.text not in known - {name.text} | STATEMENTS:
            yield _swap(reading, (kind, kind), (name, name))
    for frame in reading.frames:
        for n, one in enumerate(frame.entries):
            if one.key and len(one.values) == 1 and one.values[0].sort == "name" and frame.component:
                value = one.values[0]
                if value.text not in frame.component.fields:
                    yield _swap(reading, (one.key, one.key), (value, value))
            for other in frame.entries[n + 1 :]:
                if _differ(reading, one, other):
                    yield _swap(reading, (one.values[0], one.values[-1]), (other.values[0], other.values[-1]))


def _differ(reading: Reading, one: Entry, other: Entry) -> bool:
    """Tell whether the values of two entries, both names, fit neither in the other's place."""
    if one.wanted is None or other.wanted is None:
        return False
    pairs = ((one, other.wanted), (other, one.wanted))
    return all(
        entry.values[0].sort == "name"
        and entry.values[0].text not in RESERVED
        and bool(kinds(entry.wanted))
        and not kinds(entry.wanted) & kinds(wanted)
        and takes_only(wanted, "ComponentOf", "Artifact", "Number")
        and reading.declared.get(entry.values[0].text) not in ("param", "let")
        for entry, wanted in pairs
    )


STRAY = "@;$?!~^&\\`':})]"


def stray_character(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Put a character that means nothing there before a token."""
    for token in reading.tokens:
        at = token.start
        if token.sort == "newline" and "#" in reading.text[reading.text.rfind("\n", 0, at) + 1 : at]:
            continue  # it would be part of a comment
        yield Mutant(_put(reading.text, at, at, rng.choice(STRAY)), ((at, at + 1),))


def other_kind(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Refer to a declaration of a kind, or name a component of one, that doesn't fit there."""
    for entry in _entries(reading):
        wanted = entry.wanted
        if wanted is None or not takes_only(
            wanted, "ComponentOf", "Artifact", "Number", "Nothing", "QuantityOf", "Word"
        ):
            continue
        fitting = kinds(wanted) | {"param", "let", "import", "use", "expect", "experiment"}
        words = {word for option in options(wanted) for word in getattr(option, "words", ())}
        for name, kind in reading.declared.items():
            if kind not in fitting and name not in words:
                yield _replace(reading, entry, name)


def other_component(reading: Reading, known: frozenset[str], rng: random.Random) -> Iterator[Mutant]:
    """Name a component of another kind that the program itself uses elsewhere."""
    used = [(place, kinds(place.wanted)) for place in reading.places if place.role == "component" and place.whole]
    for place, fitting in used:
        for other, others in used:
            apart = fitting and others and not fitting & others
            if apart and other.token.text not in reading.declared and not _has_word(place, other.token.text):
                new, start = other.token.text, place.token.start
                yield Mutant(_put(reading.text, start, place.token.end, new), ((start, start + len(new)),))


def _has_word(place: Place, name: str) -> bool:
    return any(name in getattr(option, "words", ()) for option in options(place.wanted))


def _entries(reading: Reading) -> Iterator[Entry]:
    for frame in reading.frames:
        yield from frame.entries


def _index(reading: Reading, token: Token) -> int:
    return reading.tokens.index(token)


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _replace(reading: Reading, entry: Entry, new: str) -> Mutant:
    start, end = entry.values[0].start, entry.values[-1].end
    return Mutant(_put(reading.text, start, end, new), ((start, start + len(new)),))


def _cut(reading: Reading, first: int, last: int, blank: str = "") -> tuple[str, Range]:
    """Take tokens away; give the text, and the range in it from the token before to the token after."""
    start, end = reading.tokens[first].start, reading.tokens[last].end
    text = _put(reading.text, start, end, blank)
    before = reading.tokens[first - 1].end if first else 0
    after = reading.tokens[last + 1].start if last + 1 < len(reading.tokens) else len(reading.text)
    return text, (before, after - (end - start) + len(blank))


def _swap(reading: Reading, one: tuple[Token, Token], other: tuple[Token, Token]) -> Mutant:
    text = reading.text
    first, second = text[one[0].start : one[1].end], text[other[0].start : other[1].end]
    between = text[one[1].end : other[0].start]
    start = one[0].start
    new = second + between + first
    later = start + len(second) + len(between)
    places = ((start, start + len(second)), (later, later + len(first)))
    return Mutant(_put(text, start, other[1].end, new), places)


def _head(frame: Frame | None, reading: Reading) -> Range | None:
    """Give the range of a block's head: from what it belongs to, on its line, to its bracket."""
    if frame is None:
        return None
    line = reading.text.rfind("\n", 0, frame.open.start) + 1
    before = reading.tokens[_index(reading, frame.open) - 1]
    start = frame.head.start if frame.head.start >= line else min(before.start, frame.open.start)
    return min(start, frame.open.start), frame.open.end


OPERATORS: dict[str, Operator] = {
    "misspelt field": misspelling("field"),
    "misspelt kind": misspelling("kind"),
    "misspelt component": misspelling("component"),
    "misspelt unit": misspelling("unit"),
    "misspelt output": misspelling("output"),
    "misspelt word": misspelling("word"),
    "misspelt name": misspelling("name"),
    "missing brace": missing_brace,
    "missing comma": missing_comma,
    "missing quote": missing_quote,
    "wrong type": wrong_type,
    "wrong unit": wrong_unit,
    "out of range": out_of_range,
    "removed required field": removed_required,
    "swapped names": swapped_names,
    "stray character": stray_character,
    "declaration of another kind": other_kind,
    "component of another kind": other_component,
}
OF_TEXT = {"missing brace", "missing comma", "missing quote", "stray character"}
"""Operators that need nothing but tokens, for cases that are only parsed."""
