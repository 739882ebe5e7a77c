"""A component's class behind the protocol through which the language sees it."""

from __future__ import annotations

import inspect
from collections.abc import Container, Mapping
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from ..dsl.catalogue import Field, Problem
from ..dsl.diagnostics import words
from ..dsl.diagnostics.model import Text
from ..dsl.record import replace
from ..dsl.types import Artifact
from .component import Component, Task
from .located import Located
from .schema import fields_of, python_name_of, word_of

_SAID = frozenset({"string_too_short", "string_too_long", "too_short", "too_long"})
"""Errors of pydantic that the types of the language don't find, and that speak the reader's language all the same."""


class Registered:
    """One component as a file sees it.

    It is imported and its fields are translated when a file names it and not before: most components of a catalogue
    never are.
    """

    def __init__(self, of: type[Component] | Located, prefix: str | None, distribution: str) -> None:
        self._of = of
        self.kind = of.kind
        self.name = f"{prefix}.{of.name}" if prefix else of.name
        self.distribution = distribution

    @cached_property
    def of(self) -> type[Component]:
        return self._of.load() if isinstance(self._of, Located) else self._of

    @cached_property
    def positional(self) -> tuple[str, ...]:
        return tuple(word_of(name) for name in self.of.positional)

    @property
    def artifact(self) -> str | None:
        return getattr(self.of, "artifact", None)

    @property
    def description(self) -> str:
        """What it is, in the reader's language."""
        language = words.language()
        return self.documentation if language == "en" else _about().about(self, language)

    @property
    def documentation(self) -> str:
        """What its author wrote, which is English."""
        return inspect.cleandoc(self.of.__doc__ or "")

    @property
    def example(self) -> str:
        """How it is written, under the name by which the file sees it; empty if its author shows nothing."""
        own = self.of.__dict__.get("example", "")
        return own.replace(self.of.name, self.name) if self.name != self.of.name else own

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Its fields, described in the reader's language."""
        language = words.language()
        if language == "en":
            return self.schema
        about = _about().about_field
        return {name: replace(field, description=about(self, name, language)) for name, field in self.schema.items()}

    @cached_property
    def schema(self) -> Mapping[str, Field]:
        """Its fields as its author wrote them."""
        return fields_of(self.of)

    def build(self, arguments: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
        """Make the value from arguments of the right types, or say what the author's validators found."""
        given = {python_name_of(self.of, name): value for name, value in arguments.items()}
        try:
            return self.of(**given), []
        except ValidationError as error:
            return None, [_problem(one) for one in error.errors(include_url=False, include_input=False)]
        except Exception as error:
            return None, [failure(self.of, self.distribution, error)]

    def possible_outputs(self, arguments: Mapping[str, Any], unknown: Container[str]) -> Mapping[str, Artifact] | None:
        """Give all outputs that a task may have, whatever stands in the fields that are unknown; None if they decide."""
        if not issubclass(self.of, Task):
            return None
        given = {python_name_of(self.of, name): value for name, value in arguments.items()}
        try:
            task = self.of.model_construct(**given)
            for name in list(task.__dict__):
                if word_of(name) in unknown:
                    del task.__dict__[name]  # its default would be taken for it
            return task.possible_outputs() or None
        except Exception:
            return None  # it asked for what is unknown

    def arguments(self, value: Component) -> dict[str, Any]:
        """Give the arguments that were set when a value was built, by the word of the language."""
        set_ = value.model_fields_set
        return {
            word_of(name): getattr(value, name)
            for name in type(value).model_fields
            if name in set_ and word_of(name) in self.fields
        }


def _about() -> Any:
    # English needs no catalogue.
    from . import about

    return about


def _problem(error: Any) -> Problem:
    field, index = ([*error["loc"], None, None])[:2]
    found = error.get("ctx", {}).get("error")
    # A validator may raise ValueError(Text(…)) to speak the reader's language.
    if isinstance(found, Exception) and found.args and isinstance(found.args[0], Text):
        message = found.args[0]
        return Problem(message, message.key.split(".")[0], word_of(field) if field else None, index)
    field = word_of(field) if isinstance(field, str) else None
    if error["type"] in _SAID:
        return Problem(Text(f"L0590.{error['type']}", error["ctx"]), "L0590", field, index)
    said = str(found) if isinstance(found, Exception) else error["msg"]
    return Problem(Text("L0590", {"said": said}), "L0590", field, index)


def failure(component: type[Component], distribution: str, error: BaseException) -> Problem:
    """Give the problem of a component whose own code failed: its author's mistake, not the user's."""
    values = {
        "component": component.name,
        "distribution": distribution,
        "error": f"{type(error).__name__}: {error}".rstrip(": "),
    }
    return Problem(Text("L0715", values), "L0715", help=Text("L0715.help", values))
