"""In what two evaluations differ: every value of what they stand on that is not the same, with its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..dsl.origins import FieldOrigin
from ..dsl.program import Program, Reference
from ..dsl.record import Record
from ..plugins.component import Component, Task
from .describe import Value, fields


class Side(Record):
    """A value as one of the two has it; None where it has no such field."""

    shown: str
    origin: FieldOrigin


class Differing(Record):
    """A value that differs: of which task (by its names in both), and on which path."""

    task: tuple[str, str]
    path: str
    first: Side | None
    second: Side | None


def differing(programs: tuple[Program, Program], tasks: Sequence[tuple[Task, Task]]) -> list[Differing]:
    """Compare tasks, and then what they stand on, each pair once: what is read first comes last.

    The settings of both experiments come first.
    """
    walk = _Walk(programs)
    first, second = (fields(program, program.settings) for program in programs)
    walk.compare("", first, second, ("experiment", "experiment"))
    for one, two in tasks:
        walk.tasks(one, two)
    return walk.found


class _Walk:
    def __init__(self, programs: tuple[Program, Program]) -> None:
        self.programs = programs
        self.names = [{id(one.value): one.name for one in program.everything.values()} for program in programs]
        self.found: list[Differing] = []
        self._seen: set[tuple[int, int]] = set()

    def tasks(self, first: Task, second: Task) -> None:
        if (id(first), id(second)) in self._seen or first is second:
            return
        self._seen.add((id(first), id(second)))
        names = self._name(0, first), self._name(1, second)
        if first.name != second.name:
            self._add(names, "", Value("", first.name, _WRITTEN), Value("", second.name, _WRITTEN))
        self.compare("", fields(self.programs[0], first), fields(self.programs[1], second), names)

    def compare(self, path: str, first: Sequence[Value], second: Sequence[Value], names: tuple[str, str]) -> None:
        """Compare the fields of two components, or the items of two lists or maps."""
        one, two = ({value.name: value for value in side} for side in (first, second))
        for name in dict.fromkeys([*one, *two]):
            self._value(
                f"{path}.{name}" if path and not name.startswith("[") else path + name,
                one.get(name),
                two.get(name),
                names,
            )

    def _value(self, path: str, first: Value | None, second: Value | None, names: tuple[str, str]) -> None:
        a, b = (value.value if value is not None else None for value in (first, second))
        if first is None or second is None:
            self._add(names, path, first, second)
        elif isinstance(a, Reference) and isinstance(b, Reference):
            if a.output != b.output or self._name(0, a.task) != self._name(1, b.task):
                self._add(names, path, first, second)
            self.tasks(a.task, b.task)
        elif isinstance(a, Component) and isinstance(b, Component) and a.name == b.name:
            self.compare(path, fields(self.programs[0], a), fields(self.programs[1], b), names)
        elif first.within and second.within and _is_open(a) and _is_open(b):
            self.compare(path, first.within, second.within, names)
        elif first.shown != second.shown or type(a) is not type(b):
            self._add(names, path, first, second)

    def _add(self, names: tuple[str, str], path: str, first: Value | None, second: Value | None) -> None:
        sides = [None if value is None else Side(value.shown, value.origin) for value in (first, second)]
        self.found.append(Differing(names, path, *sides))

    def _name(self, side: int, task: Task) -> str:
        return self.names[side].get(id(task), task.name)


_WRITTEN = FieldOrigin("written")


def _is_open(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)
