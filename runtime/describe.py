"""An evaluated experiment as data: every value, where it came from, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..dsl.formula import Known, Output, RowField
from ..dsl.origins import DEFAULT, FieldOrigin, Step, field_origin, item_origin, param_step
from ..dsl.program import Declared, Expectation, Program, Reference, Scope
from ..dsl.source import Span
from ..plugins.component import Component, Task, TaskFailed
from ..plugins.schema import fields_of, python_name_of
from ..plugins.show import show

if TYPE_CHECKING:
    from .cost import KnownFacts

_DERIVED = FieldOrigin("derived")

_LISTED = 12
"""Words of a list that was derived (labels) which are shown."""


@dataclass
class Value:
    """A value with its name, as it is shown, and what lies within it."""

    name: str
    shown: str
    origin: FieldOrigin
    value: Any = None
    doc: str = ""
    within: list[Value] = field(default_factory=list)


@dataclass
class Entry:
    """A declaration (or the settings of the experiment) with its fields."""

    kind: str
    name: str
    component: str
    span: Span | None
    doc: str
    fields: list[Value]


@dataclass
class Part:
    """What one file says, evaluated."""

    scope: Scope
    params: list[Step]
    entries: list[Entry]


def describe(program: Program, facts: KnownFacts | None = None) -> list[Part]:
    """Describe a program, its own file first; `facts` adds what is known of tasks before they run."""
    describer = _Describer(program, facts)
    parts = []
    for label, scope in program.scopes.items():
        entries = []
        if not label:
            entries.append(describer.settings())
        entries += [describer.entry(one) for one in _of_scope(program, label)]
        if not label:
            entries += map(_expectation, program.expects.values())
        params = [param_step(program, scope, knob) for knob in scope.params.values()]
        parts.append(Part(scope, params, entries))
    return parts


def fields(program: Program, component: Component) -> list[Value]:
    """Describe the fields of a component that a program holds."""
    return _Describer(program, None)._fields(component)


def _expectation(expectation: Expectation) -> Entry:
    """Describe an expectation: its formula, with the values of params in their place."""

    def name(term: Known | Output | RowField) -> str:
        return show(term.value) if isinstance(term, Known) and term.named else term.text

    formula = expectation.formula.show(name)
    return Entry("expect", expectation.name, formula, expectation.name_span, expectation.doc, [])


def _of_scope(program: Program, label: str) -> Iterable[Declared]:
    if not label:
        return program.declarations.values()
    return [one for one in program.imported.values() if one.name.rpartition(".")[0] == label]


class _Describer:
    def __init__(self, program: Program, facts: KnownFacts | None) -> None:
        self.program = program
        self.facts = facts
        self.named = {id(one.value): one.name for one in program.everything.values()}

    def settings(self) -> Entry:
        """Describe the settings of the experiment."""
        program = self.program
        return Entry(
            "experiment",
            program.name,
            "experiment",
            program.place(program.settings),
            program.doc,
            self._fields(program.settings),
        )

    def entry(self, declared: Declared) -> Entry:
        """Describe a declaration."""
        value = declared.value
        fields = self._fields(value)
        if isinstance(value, Task) and self.facts is not None:
            known = {one.name for one in fields}
            fields += [one for one in self._known(value, self.facts) if one.name not in known]
        return Entry(declared.kind, declared.name, value.name, declared.name_span, declared.doc, fields)

    def _fields(self, component: Component) -> list[Value]:
        of = type(component)
        derived = dict(component.derived())
        found = []
        # Required ones first: a base class's come before those of the class itself.
        for word, its_field in sorted(fields_of(of).items(), key=lambda item: not item[1].required):
            value = getattr(component, python_name_of(of, word))
            origin = field_origin(self.program, component, word)
            if value is None and word in derived:
                origin, value = _DERIVED, derived[word]
            shown = show(value, its_field.type, self._label)
            described = self._value(word, value, shown, origin, its_field.description)
            for (key, _), one in zip(_items(value), described.within if _is_open(value) else (), strict=False):
                one.origin = item_origin(self.program, component, word, key)
            found.append(described)
            derived.pop(word, None)
        return found + [Value(name, show(value), _DERIVED, value) for name, value in derived.items()]

    def _value(self, name: str, value: Any, shown: str, origin: FieldOrigin, doc: str = "") -> Value:
        """Describe a value: what has a name of its own is called by it, the rest is opened."""
        if isinstance(value, Component) and id(value) in self.named:
            return Value(name, self.named[id(value)], origin, value, doc)
        if isinstance(value, Component):
            return Value(name, value.name, origin, value, doc, self._fields(value))
        if isinstance(value, Reference) and id(value.task) not in self.named:
            return Value(name, self._label(value), origin, value, doc, self._fields(value.task))
        inner = list(_items(value))
        if any(isinstance(item, Component | Reference) for _, item in inner):
            within = [self._value(_named(key), item, show(item, None, self._label), origin) for key, item in inner]
            return Value(name, "[…]" if isinstance(value, list | tuple) else "{…}", origin, value, doc, within)
        return Value(name, shown, origin, value, doc)

    def _label(self, reference: Reference) -> str:
        """Call an output as the file would; the default output of an anonymous task by the task alone."""
        name = self.named.get(id(reference.task))
        first = next(iter(reference.task.outputs()))
        if name is None:
            return reference.task.name if reference.output == first else f"{reference.task.name}.{reference.output}"
        return name if reference.output == first else f"{name}.{reference.output}"

    def _known(self, task: Task, facts: KnownFacts) -> Iterator[Value]:
        """Give what is known of a task before it runs: of what it prepares (its vocabulary, its labels), and its size."""
        node = facts.graph.find(task)
        for below in node.hidden.values():
            for name, value in facts(below.task).items():
                plain = isinstance(value, int | float | str) and not isinstance(value, bool)
                words = isinstance(value, list) and len(value) <= _LISTED and all(isinstance(one, str) for one in value)
                if plain or (words and value):
                    yield Value(name, show(value), _DERIVED, value)
        try:
            estimate = facts.estimate(node)
        except TaskFailed:  # the plan says it
            return
        for name in ("parameters", "trained_parameters"):
            size = getattr(estimate, name)
            if size is not None and not (name == "trained_parameters" and size == estimate.parameters):
                yield Value(name, f"{size:,}", _DERIVED, size)


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _named(key: str | int) -> str:
    return f"[{key}]" if isinstance(key, int) else str(key)


def _is_open(value: Any) -> bool:
    """Tell whether what lies within a value are its items, and not the fields of a component."""
    return isinstance(value, Mapping | list | tuple)


__all__ = ["DEFAULT", "Entry", "Part", "Value", "describe", "fields"]
