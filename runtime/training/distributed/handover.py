"""What a rank is handed: the job and its inputs as JSON, from which it is built again.

A component is named by its kind, package and name, and looked up among those that are registered: nothing in it is
imported by a path, and nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ....dsl.diagnostics.model import Text
from ....dsl.program import Reference
from ....dsl.quantities import Quantity
from ....dsl.types import Artifact
from ....plugins.component import Component, Task, TaskFailed, walk
from ....plugins.registry import Registry
from ....plugins.sources import package_of
from ....plugins.work import Input, Job

Refer = Callable[[Reference | Task], str]
"""Gives the key of an input."""


class Handed(Task):
    """A task that another process opened; this one knows its artifact by a key."""

    kind: ClassVar[str] = "handed"
    name: ClassVar[str] = "handed"
    key: str

    def outputs(self) -> dict[str, Artifact]:
        """Give one output: whoever opened it knows the others."""
        return {"artifact": Artifact("artifact")}


def packed_job(job: Job, open_: Callable[[Reference | Task], Input]) -> dict[str, Any]:
    """Give a job and its inputs as JSON; TaskFailed for a component that no registry knows."""
    inputs: dict[str, Any] = {}

    def refer(what: Reference | Task) -> str:
        given = open_(what)
        key = f"{given.directory}:{given.output}"
        inputs[key] = {"directory": str(given.directory), "output": given.output, "facts": given.facts}
        return key

    fields = {name: packed(getattr(job, name), refer) for name in Job.__match_args__}
    return {"fields": fields, "inputs": inputs}


def unpacked_job(given: Mapping[str, Any], uses: Iterable[str]) -> Job:
    """Build a job again, with the components of these distributions."""
    registry = Registry()
    for distribution in uses:
        registry.use(distribution, (), None)
    return Job(**{name: unpacked(value, registry) for name, value in given["fields"].items()})


def packed(value: Any, refer: Refer) -> Any:
    """Give a value of a component's field as JSON; every mapping in it is tagged by its first key."""
    match value:
        case None | bool() | str() | int() | float():
            return value
        case Quantity():
            return {"quantity": value.magnitude, "of": value.dimension}
        case Text():
            return {"text": value.key, "values": packed(dict(value.values), refer)}
        case Reference() | Task():
            return {"input": refer(value), "as": "reference" if isinstance(value, Reference) else "task"}
        case Component():
            cls = type(value)
            fields = {name: packed(getattr(value, name), refer) for name in cls.model_fields}
            return {"component": [cls.kind, package_of(cls), cls.name], "fields": fields}
        case list() | tuple():
            return [packed(item, refer) for item in value]
        case Mapping():
            return {"map": {str(key): packed(item, refer) for key, item in value.items()}}
    raise TaskFailed("L0831", {"what": type(value).__name__}, help="L0831.help")


def unpacked(form: Any, registry: Registry) -> Any:
    """Give the value that was packed."""
    if isinstance(form, list):
        return [unpacked(item, registry) for item in form]
    if not isinstance(form, dict):
        return form
    match next(iter(form)):
        case "quantity":
            return Quantity(form["quantity"], form["of"])
        case "text":
            return Text(form["text"], unpacked(form["values"], registry))
        case "input":
            task = Handed(key=form["input"])
            return task.default() if form["as"] == "reference" else task
        case "map":
            return {key: unpacked(item, registry) for key, item in form["map"].items()}
    fields = {name: unpacked(value, registry) for name, value in form["fields"].items()}
    return _class_of(registry, *form["component"])(**fields)


def _class_of(registry: Registry, kind: str, package: str, name: str) -> type[Component]:
    for seen_as, registered in registry.components(kind).items():
        # The name under which a file sees it may begin with its plugin's.
        if seen_as.rpartition(".")[2] == name and package_of(registered.of) == package:
            return registered.of
    raise TaskFailed("L0831", {"what": f"{package}:{name}"}, help="L0831.help")


def components(job: Job) -> list[Component]:
    """Give the components of a job in an order of their own, by which both processes can name one."""
    values = (getattr(job, name) for name in Job.__match_args__)
    parts = (part for value in values if not isinstance(value, Task) for part in walk(value))
    return [part for part in parts if isinstance(part, Component)]
