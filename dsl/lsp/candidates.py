"""What fits where a value is wanted: words, components, names of the file and their outputs, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..catalogue import Component
from ..functions import FUNCTIONS, READS_ENVIRONMENT
from ..quantities import UNITS
from ..record import Record
from ..resolve.base import Unresolved, alternatives
from ..resolve.bindings import kind_of
from ..resolve.fit import admits
from ..resolve.formulas import ROW
from ..types import (
    MODULE,
    Anything,
    Artifact,
    Boolean,
    ComponentOf,
    Formula,
    ListOf,
    MapOf,
    Nothing,
    Number,
    QuantityOf,
    TaskOf,
    Type,
    Word,
)
from .analysis import Analysis


class Candidate(Record):
    """Something that may stand at a place, and what it is: the sort decides how an editor shows it."""

    text: str
    sort: str
    """word, component, name, output, function, literal"""
    kind: str = ""
    """Of a component, or of a name's declaration; empty for plain values."""
    value: Any = None
    component: Component | None = None
    doc: str = ""


def fitting(wanted: Type, analysis: Analysis, own: str | None = None) -> Iterator[Candidate]:
    """Give what fits a type, the likeliest first; `own` is the name whose value is being written."""
    options = alternatives(wanted)
    for option in options:
        match option:
            case Word(words=words):
                yield from (Candidate(word, "word") for word in words)
            case Boolean():
                yield from (Candidate(word, "literal") for word in ("true", "false"))
    if any(isinstance(option, Formula) and option.scope == ROW for option in options):
        yield Candidate(ROW, "word")
    yield from names(options, analysis, own)
    for kind in component_kinds(options, analysis):
        for name, component in analysis.catalogue.components(kind).items():
            yield Candidate(name, "component", kind, component=component)
    if any(isinstance(option, Anything | Number | QuantityOf | Formula) for option in options):
        yield from (Candidate(name, "function") for name in (*FUNCTIONS, READS_ENVIRONMENT))
    if any(isinstance(option, Nothing) for option in options):
        yield Candidate("none", "literal")


def names(options: tuple[Type, ...], analysis: Analysis, own: str | None = None) -> Iterator[Candidate]:
    """Give the names of the file that fit, and the outputs of tasks that do."""
    for name, binding in analysis.bindings.items():
        if name == own:
            continue
        kind = kind_of(analysis.context, binding) or ""
        value = analysis.value(name)
        doc = binding.statement.doc
        if any(_fits(option, kind, value, analysis) for option in options):
            yield Candidate(name, "name", kind, value, doc=doc)
        if not kind or not analysis.context.is_task(kind):
            continue
        for n, (output, artifact) in enumerate(outputs_of(value, analysis).items()):
            if _accepts(options, artifact):
                # A declaration alone is its default output, the first.
                text = f"{name}.{output}" if n else name
                yield Candidate(text, "output" if n else "name", kind, artifact if n else value, doc=doc)


def _fits(option: Type, kind: str, value: Any, analysis: Analysis) -> bool:
    """Tell whether a name fits by its kind, or by its value if that is plain."""
    if kind:
        is_task = analysis.context.is_task(kind)
        if is_task:
            return isinstance(option, TaskOf) and option.kind in (None, kind)
        return isinstance(option, ComponentOf) and option.kind == kind
    if isinstance(option, Formula):
        return True
    if isinstance(option, ComponentOf | TaskOf | Artifact) or isinstance(value, Unresolved):
        return False
    return admits(option, value)


_NUMBERS = ("number", "numbers")
"""Outputs that a formula is made of: one, and several by key."""


def _accepts(options: tuple[Type, ...], given: Artifact) -> bool:
    for option in options:
        if isinstance(option, Formula) and option.scope == "task" and given.name in _NUMBERS:
            return True
        if isinstance(option, Artifact) and option.accepts(given):
            return True
    return False


def outputs_of(value: Any, analysis: Analysis) -> Mapping[str, Artifact]:
    """Give the outputs of a task, none if it could not be made."""
    if value is None or isinstance(value, Unresolved) or analysis.component_of(value) is None:
        return {}
    return analysis.catalogue.outputs(value)


def component_kinds(options: tuple[Type, ...], analysis: Analysis) -> list[str]:
    """Give the kinds of which a component may be written here."""
    kinds: dict[str, None] = {}
    for option in options:
        match option:
            case ComponentOf(kind=kind) | TaskOf(kind=str(kind)):
                kinds[kind] = None
            case Artifact() | TaskOf():
                # What a run is for is declared by its name, seldom written inside another task.
                within = (name for name, kind in analysis.catalogue.kinds.items() if kind.is_task and not kind.final)
                kinds.update(dict.fromkeys(within))
    return list(kinds)


def units_of(wanted: Type) -> list[str]:
    """Give the units that fit a type, the singular forms left out; where any value fits, all of them."""
    options = [part for option in alternatives(wanted) for part in _items(option)]
    dimensions = {name for option in options if isinstance(option, QuantityOf) for name in option.dimensions}
    everything = any(isinstance(option, Anything | Formula) for option in options)
    return [unit for unit, (of, _) in UNITS.items() if f"{unit}s" not in UNITS and (everything or of in dimensions)]


def _items(option: Type) -> tuple[Type, ...]:
    return alternatives(option.item) if isinstance(option, ListOf | MapOf) else (option,)


def members(base: tuple[str, ...], analysis: Analysis) -> Mapping[str, Any]:
    """Give what may stand behind `base.`: a task's outputs with their types, or a map's keys with their values."""
    binding = analysis.bindings.get(base[0])
    if binding is None:
        return {}
    value = analysis.value(base[0])
    kind = kind_of(analysis.context, binding)
    if kind is not None:
        outputs = outputs_of(value, analysis) if analysis.context.is_task(kind) else {}
        if len(base) > 1 and base[1] in outputs and outputs[base[1]].name == MODULE:
            # The best trial of a sweep is this file with other params.
            return members(base[2:], analysis) if len(base) > 2 else analysis.values()
        if len(base) == 2 and base[1] in outputs:
            number = Artifact("number", dimension=outputs[base[1]].dimension)
            return dict.fromkeys(outputs[base[1]].splits, number) if outputs[base[1]].name == "numbers" else {}
        return outputs if len(base) == 1 else {}
    for key in base[1:]:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
