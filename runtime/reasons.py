"""Why a task runs: what differs from what its label stood for in the file's last run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..dsl.diagnostics.model import Text
from ..dsl.program import Knob, Let
from ..dsl.source import Span
from ..plugins.canonical import show
from ..plugins.component import Component
from .fingerprint import LENGTH, Parts
from .graph import Graph, Node
from .records import Made, Record, plain_params
from .trials import grouped

_SEGMENT = re.compile(r"[^.\[\]]+")
_REFERENCE = re.compile(rf"([0-9a-f]{{{LENGTH}}})\.(.*)", re.DOTALL)


class Reasons:
    """Tells why tasks of a graph run, from the record of the file's last run."""

    def __init__(self, graph: Graph, record: Record) -> None:
        self.graph = graph
        self.program = graph.program
        self.record = record
        self._labels = {made.fingerprint: label for label, made in record.tasks.items()}
        self._labels |= {node.fingerprint: node.label for node in graph.nodes}
        self._nodes = {node.fingerprint: node for node in graph.nodes}
        now = plain_params({name: knob.value for name, knob in self.program.params.items()})
        before = record.params
        self._params = [name for name, value in now.items() if name in before and before[name] != value]

    def of(self, node: Node, runs: Callable[[Node], bool]) -> tuple[Text, ...]:
        """Give the reasons of a node that isn't stored; `runs` tells of its inputs whether they run as well."""
        before = self._before(node)
        needed = grouped(nearest(node, runs), lambda one: one)
        needs = tuple(Text("plan.needs", {"label": one.label}) for one in needed)
        if before is None:
            return (Text("plan.new"),)
        if before.fingerprint == node.fingerprint:
            return needs or (Text("plan.missing"),)
        changes = [*self._changes(node, before.parts, runs)]
        if not changes and not needs:
            changes = [Text("plan.format")]
        unique = {(text.key, *map(str, text.values.items())): text for text in (*changes, *needs)}
        return tuple(unique.values())

    def _before(self, node: Node) -> Made | None:
        for label in (*node.names, node.label):
            if label in self.record.tasks:
                return self.record.tasks[label]
        return None

    def _changes(self, node: Node, before: Parts, runs: Callable[[Node], bool]) -> Iterator[Text]:
        yield from self._fields(node, before.fields, node.parts.fields, runs)
        for name, value in node.parts.settings.items():
            old = before.settings.get(name)
            if old != value:
                yield self._changed(name, show(old), show(value), self.program.place(self.program.settings, name))
        yield from _files(before.files, node.parts.files)
        for label, below in node.hidden.items():
            if before.hidden.get(label) != below.fingerprint and not runs(below):
                yield Text("plan.input", {"label": below.label})
        if before.code != node.parts.code:
            yield Text("plan.code")

    def _fields(
        self, node: Node, before: Mapping[str, Any], now: Mapping[str, Any], runs: Callable[[Node], bool]
    ) -> Iterator[Text]:
        gone: list[str] = []
        for path in dict.fromkeys((*now, *before)):
            old, new = before.get(path), now.get(path)
            if old == new or any(path.startswith(prefix) for prefix in gone):
                continue
            if path.rpartition(".")[2] == "version" and isinstance(old or new, int):
                yield Text("plan.version", {"component": now.get(path.removesuffix("version").rstrip("."), "")})
                continue
            if not path or any(key.startswith(f"{path}.") for key in (*now, *before)):
                gone.append(f"{path}." if path else "")  # another component: its fields are no news
            target = _reference(new)
            if target is not None and target[0] in self._nodes:
                below = self._nodes[target[0]]
                source = _reference(old)
                if runs(below):
                    continue
                if source is None or self._labels.get(source[0], below.label) == below.label:
                    yield Text("plan.input", {"label": below.label})
                    continue
            if _text_of_formula(new) is not None and _text_of_formula(old) == _text_of_formula(new):
                # The same formula over other tasks: those that don't run themselves are news.
                others = [self._nodes[one] for one in _outputs(new) if one in self._nodes]
                yield from (Text("plan.input", {"label": one.label}) for one in others if not runs(one))
                continue
            show_one = _component if isinstance(value_at(node.task, path), Component) else self._show
            place = locate(self.graph, node, path)
            yield self._changed(path or node.label, show_one(old), show_one(new), place)

    def _changed(self, field: str, old: str, new: str, span: Span | None) -> Text:
        """Say what changed: the param behind it, if the place names one that was given another value."""
        if span is None:
            return Text("plan.changed", {"field": field, "old": old, "new": new})
        knob = self._behind(span)
        if knob is not None:
            old, new = show(self.record.params[knob.name]), show(plain_params({knob.name: knob.value})[knob.name])
            return Text("plan.changed_at", {"field": knob.name, "old": old, "new": new, "place": shown(knob.span)})
        return Text("plan.changed_at", {"field": field, "old": old, "new": new, "place": shown(span)})

    def _behind(self, span: Span) -> Knob | None:
        """Give the experiment's param with another value that a place names: itself, or through names of its file."""
        scopes = (scope for scope in self.program.scopes.values() if scope.source is span.source)
        for scope in scopes:
            named: dict[str, Knob | Let] = {**scope.params, **scope.lets}
            for name, one in named.items():
                if one.source is None or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", span.text):
                    continue
                if scope.label == "" and isinstance(one, Knob):
                    if name in self._params:
                        return one
                elif (found := self._behind(one.source.expression.span)) is not None:
                    return found
        return None

    def _show(self, value: Any) -> str:
        target = _reference(value)
        if target is None:
            return show(value)
        return f"{self._labels.get(target[0], target[0][:8])}.{target[1]}"


def nearest(node: Node, runs: Callable[[Node], bool]) -> list[Node]:
    """Give the inputs that run, without those that another of them waits for anyway."""
    needed = [one for one in node.needs if runs(one)]
    return [one for one in needed if not any(one in other.closure for other in needed)]


def locate(graph: Graph, node: Node, path: str) -> Span | None:
    """Give the place of a value by its dotted path, as near as the file has it."""
    program = graph.program
    span = graph.place(node)
    value: Any = next((one for one in node.tasks if program.place(one) is not None), node.task)
    for segment in _SEGMENT.findall(path):
        if isinstance(value, Component):
            span = program.place(value, segment) or span
        value = _step(value, segment)
    return span


def value_at(task: Any, path: str) -> Any:
    """Give the value at a dotted path; None if there is none."""
    for segment in _SEGMENT.findall(path):
        task = _step(task, segment)
    return task


def _step(value: Any, segment: str) -> Any:
    if isinstance(value, Component):
        return getattr(value, segment, getattr(value, f"{segment}_", None))
    if isinstance(value, Mapping):
        return value.get(segment)
    if isinstance(value, list | tuple) and segment.isdigit() and int(segment) < len(value):
        return value[int(segment)]
    return None


def _component(name: Any) -> str:
    return name.rpartition(":")[2] if isinstance(name, str) else show(name)


def shown(span: Span) -> str:
    """Give a place as people write it: the file's name and the line."""
    return f"{Path(span.source.name).name}:{span.line}"


def _reference(value: Any) -> tuple[str, str] | None:
    if isinstance(value, Mapping) and isinstance(value.get("reference"), str):
        found = _REFERENCE.fullmatch(value["reference"])
        return (found[1], found[2]) if found else None
    return None


def _text_of_formula(value: Any) -> str | None:
    return value.get("text") if isinstance(value, Mapping) and "formula" in value else None


def _outputs(form: Any) -> Iterator[str]:
    """Give the fingerprints of the tasks that a formula's canonical form refers to."""
    if isinstance(form, Mapping) and isinstance(form.get("output"), str):
        found = _REFERENCE.fullmatch(form["output"])
        yield from (found[1],) if found else ()
    elif isinstance(form, Mapping):
        yield from _outputs(form.get("formula"))
    elif isinstance(form, list):
        for item in form:
            yield from _outputs(item)


def _files(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Text]:
    for key, names in (
        ("plan.file", [name for name in now if name in before and before[name] != now[name]]),
        ("plan.file_new", [name for name in now if name not in before]),
        ("plan.file_gone", [name for name in before if name not in now]),
    ):
        if len(names) > 3:
            yield Text(f"{key}s", {"file": names[0], "more": len(names) - 1})
        else:
            yield from (Text(key, {"file": name}) for name in names)
