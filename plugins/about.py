"""What kinds, components and fields are, in the reader's language.

English stands in the code: a docstring, a field's description. Other languages have it in catalogues that are read only
when somebody asks: `messages/ja_components.py` and `ja_fields.py` for llx's own; a plugin gives it through `llx_messages`
under `prefix:component` and `prefix:component.field`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ..dsl.diagnostics import words
from .distributions import LLX
from .pages import prefix_of

if TYPE_CHECKING:
    from .registered import Registered


def about(component: Registered, language: str) -> str:
    """Say what a component is; the first line stands by itself."""
    return _translated(component, "", language) or component.documentation


def about_field(component: Registered, field: str, language: str) -> str:
    """Say what a field of a component is."""
    return _translated(component, f".{field}", language) or component.schema[field].description


def about_kind(kind: str, documentation: str, language: str) -> str:
    """Say what a kind is for; `documentation` is what its author wrote."""
    return _catalogue(language).get(kind, documentation)


def _translated(component: Registered, rest: str, language: str) -> str | None:
    if language == "en":
        return None
    if component.distribution == LLX:
        return _catalogue(language).get(f"{component.kind}.{component.name}{rest}")
    prefix = prefix_of(component.distribution)
    return words.catalogue(language).get(f"{prefix}:{component.of.name}{rest}")


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language == "en":
        return {}
    components = import_module(f".messages.{language}_components", __package__).COMPONENTS
    return {**components, **import_module(f".messages.{language}_fields", __package__).FIELDS}
