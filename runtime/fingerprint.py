"""What makes a task the same task: its values, its inputs, its files, its settings and its code.

Comments, layout, names and the place of the project don't count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..plugins.canonical import canonical, distribution_digest, flatten, text_of
from ..plugins.component import Component, Task

FORMAT = 1
"""Raised when the same parts would give another fingerprint, or mean another artifact."""

LENGTH = 40
"""Hexadecimal digits of a fingerprint, as many as git's."""

Refer = Callable[[Task], str]
"""Gives the fingerprint of a task that is referred to."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a fingerprint was made from, kept so that "why does this run again?" is answered from records."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """The values of the task by dotted path, defaults included; an input is {"reference": "FINGERPRINT.OUTPUT"}."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """The fingerprints of the tasks that it prepares, by their label."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The digests of the files that it reads, by their path relative to the root."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    """The digest of the sources of editable distributions that its components are from."""

    def as_json(self) -> dict[str, Any]:
        return {
            "fields": dict(self.fields),
            "hidden": dict(self.hidden),
            "files": dict(self.files),
            "settings": dict(self.settings),
            "code": self.code,
        }

    @classmethod
    def from_json(cls, value: Any) -> Parts:
        """Read what `as_json` gave; what isn't there is empty."""
        given = value if isinstance(value, Mapping) else {}
        parts = {name: given.get(name) for name in ("fields", "hidden", "files", "settings")}
        maps = {name: part if isinstance(part, Mapping) else {} for name, part in parts.items()}
        return cls(**maps, code=str(given.get("code", "")))


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a task, and how to tell what it is made of."""

    fingerprint: str
    task: Task
    refer: Refer
    hidden: Mapping[str, str]
    files: Mapping[str, str]
    settings: Mapping[str, Any]
    code: str

    def parts(self) -> Parts:
        """Give the parts; not needed for a task that is stored already."""
        fields = flatten(canonical(self.task, _edge(self.refer), defaults=True))
        return Parts(fields, self.hidden, self.files, self.settings, self.code)


def identify(
    task: Task, *, refer: Refer, hidden: Mapping[str, str], files: Mapping[str, str], settings: Component | None
) -> Identity:
    """Give the identity of a task, from the fingerprints of what it needs and the digests of what it reads."""
    chosen = {name: plain(getattr(settings, name)) for name in task.settings if hasattr(settings, name)}
    code = distribution_digest(task) or ""
    whole = {
        "format": FORMAT,
        "task": canonical(task, _edge(refer)),
        "hidden": dict(hidden),
        "files": dict(files),
        "settings": chosen,
        "code": code,
    }
    return Identity(digest_of(whole), task, refer, dict(hidden), dict(files), chosen, code)


def digest_of(form: Any) -> str:
    """Give the fingerprint of a canonical form."""
    return hashlib.sha256(text_of(form).encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def plain(value: Any) -> Any:
    """Give a setting as JSON."""
    if isinstance(value, Quantity):
        return {"quantity": value.magnitude, "of": value.dimension}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _edge(refer: Refer) -> Callable[[Reference], str]:
    return lambda reference: f"{refer(reference.task)}.{reference.output}"
