"""What fits where a value is wanted: words, components, names of the file and their outputs, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import syntax
from ..catalogue import Component
from ..functions import FUNCTIONS, READS_ENVIRONMENT
from ..quantities import UNITS
from ..record import Record
from ..resolve.base import Binding, Context, Unresolved, alternatives
from ..resolve.bindings import kind_of
from ..resolve.fit import admits
from ..resolve.formulas import ROW
from ..resolve.modules import declarations
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
    for name, component in components(options, analysis):
        yield Candidate(name, "component", component.kind, component=component)
    if any(isinstance(option, Anything | Number | QuantityOf | Formula) for option in options):
        yield from (Candidate(name, "function") for name in (*FUNCTIONS, READS_ENVIRONMENT))
    if any(isinstance(option, Nothing) for option in options):
        yield Candidate("none", "literal")


def names(options: tuple[Type, ...], analysis: Analysis, own: str | None = None) -> Iterator[Candidate]:
    """Give the names of the file that fit, those of imported files, and the outputs of tasks that do."""
    for name, binding in analysis.bindings.items():
        inner = analysis.module_of(binding)
        if inner is not None:
            for declared in declarations(inner):
                yield from _named(f"{name}.{declared}", inner.bindings[declared], inner, options, analysis)
        elif name != own and not isinstance(binding.statement, syntax.Import):
            yield from _named(name, binding, analysis.context, options, analysis)


def _named(
    name: str, binding: Binding, home: Context, options: tuple[Type, ...], analysis: Analysis
) -> Iterator[Candidate]:
    """Give a name if it fits, and its outputs that do."""
    kind = kind_of(home, binding) or ""
    value = binding.value if home is not analysis.context else analysis.value(name)
    doc = doc_of(binding)
    if any(_fits(option, kind, value, home) for option in options):
        yield Candidate(name, "name", kind, value, doc=doc)
    if not kind or not home.is_task(kind):
        return
    for n, (output, artifact) in enumerate(analysis.outputs(value).items()):
        if _accepts(options, artifact):
            # A declaration alone is its default output, the first.
            text = f"{name}.{output}" if n else name
            yield Candidate(text, "output" if n else "name", kind, artifact if n else value, doc=doc)


def doc_of(binding: Binding) -> str:
    """Give the doc comment of a name; an import has none."""
    return "" if isinstance(binding.statement, syntax.Import) else binding.statement.doc


def _fits(option: Type, kind: str, value: Any, home: Context) -> bool:
    """Tell whether a name fits by its kind, or by its value if that is plain."""
    if kind:
        if home.is_task(kind):
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


def components(options: tuple[Type, ...], analysis: Analysis) -> Iterator[tuple[str, Component]]:
    """Give the components that may be written here by name; of tasks those that put out what is wanted."""
    for kind in component_kinds(options, analysis):
        itself = any(isinstance(one, ComponentOf | TaskOf) and one.kind in (None, kind) for one in options)
        for name, component in analysis.catalogue.components(kind).items():
            if itself or component.artifact is None or _accepts(options, Artifact(component.artifact)):
                yield name, component


def units_of(wanted: Type) -> list[str]:
    """Give the units that fit a type, the singular forms left out; where any value fits, all of them."""
    options = [part for option in alternatives(wanted) for part in _items(option)]
    dimensions = {name for option in options if isinstance(option, QuantityOf) for name in option.dimensions}
    everything = any(isinstance(option, Anything | Formula) for option in options)
    return [unit for unit, (of, _) in UNITS.items() if f"{unit}s" not in UNITS and (everything or of in dimensions)]


def _items(option: Type) -> tuple[Type, ...]:
    return alternatives(option.item) if isinstance(option, ListOf | MapOf) else (option,)


def members(base: tuple[str, ...], analysis: Analysis) -> Mapping[str, Any]:
    """Give what may stand behind `base.`.

    A task's outputs with their types, a map's keys with their values, an imported file's declarations.
    """
    binding, home = analysis.bindings.get(base[0]), analysis.context
    value = analysis.value(base[0])
    inner = analysis.module_of(binding)
    if inner is not None:
        if len(base) == 1:
            return {name: inner.bindings[name] for name in declarations(inner)}
        binding, home, base = inner.bindings.get(base[1]), inner, base[1:]
        value = binding.value if binding is not None else None
    if binding is None or isinstance(binding.statement, syntax.Import):
        return {}
    kind = kind_of(home, binding)
    if kind is None:
        return _keys(value, base[1:])
    if len(base) > 1 and _is_module(analysis.outputs(value), base[1]):
        declared = {name: one for name, one in analysis.bindings.items() if kind_of(home, one) is not None}
        return members(base[2:], analysis) if len(base) > 2 else declared
    return _outputs(analysis.outputs(value), base[1:]) if home.is_task(kind) else {}


def _is_module(outputs: Mapping[str, Artifact], name: str) -> bool:
    """Tell whether an output is this file once more: the best trial of a sweep."""
    return name in outputs and outputs[name].name == MODULE


def _keys(value: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _outputs(outputs: Mapping[str, Artifact], path: tuple[str, ...]) -> Mapping[str, Artifact]:
    """Give a task's outputs, or the keys of one that holds several numbers."""
    if not path:
        return outputs
    numbers = outputs.get(path[0])
    if len(path) > 1 or numbers is None or numbers.name != "numbers":
        return {}
    return dict.fromkeys(numbers.splits, Artifact("number", dimension=numbers.dimension))
