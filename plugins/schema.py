"""From a component's class to its fields as the language sees them: pydantic's annotations become types."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MinLen, MultipleOf
from pydantic.fields import FieldInfo

from ..dsl.catalogue import Field
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.record import Record, replace
from ..dsl.types import Boolean, ComponentOf, Either, ListOf, MapOf, Nothing, Number, Text, Type, Word
from .component import Component, Task


class SchemaError(Exception):
    """Raised for a field whose annotation has no meaning in the language: a mistake of the component's author."""

    def __init__(self, component: type[Component], field: str, reason: str) -> None:
        super().__init__(f"{component.__module__}.{component.__qualname__}.{field}: {reason}")
        self.component = component
        self.field = field
        self.reason = reason


class _Refused(Exception):
    """Carries the reason up to where component and field are known."""


@cache
def fields_of(component: type[Component]) -> Mapping[str, Field]:
    """Give the fields of a component by the word of the language; raise SchemaError for one without a type there."""
    if not component.__pydantic_fields_complete__:
        component.model_rebuild(raise_errors=False)
    found = {}
    for python_name, info in component.model_fields.items():
        if is_hidden(info):
            continue
        try:
            type_ = _type_of(info.annotation, list(info.metadata))
        except _Refused as refusal:
            raise SchemaError(component, python_name, str(refusal)) from None
        found[word_of(python_name)] = Field(
            name=word_of(python_name),
            type=type_,
            required=info.is_required(),
            default=None if info.is_required() else info.get_default(call_default_factory=True, validated_data={}),
            description=info.description or "",
        )
    return found


def word_of(python_name: str) -> str:
    """Give a field's name in the language: Python's own words carry an underscore in the class only."""
    return python_name[:-1] if python_name.endswith("_") else python_name


def python_name_of(component: type[Component], word: str) -> str:
    """Give the name in the class of a field of the language."""
    return word if word in component.model_fields else word + "_"


def is_hidden(info: FieldInfo) -> bool:
    """Tell whether the language doesn't show the field (`hidden()`)."""
    return _extra(info, "hidden", False)


def is_identity(info: FieldInfo) -> bool:
    """Tell whether the field changes the result, and so is part of the identity (all but `neutral()` ones)."""
    return _extra(info, "identity", True)


def _extra(info: FieldInfo, key: str, otherwise: bool) -> bool:
    extra = info.json_schema_extra
    return bool(extra.get(key, otherwise)) if isinstance(extra, dict) else otherwise


def _type_of(annotation: Any, marks: list[Any]) -> Type:
    while get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        marks = [*inner, *marks]
    # What fields.py marks with a type of the language is of that type.
    for mark in marks:
        if isinstance(mark, Type):
            return mark
    bounds = _Bounds.of(marks)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _union(get_args(annotation), bounds)
    if origin is Literal:
        return _words(get_args(annotation))
    if origin in (list, tuple, Sequence):
        return _list(annotation, origin, bounds)
    if origin in (dict, Mapping):
        key, item = get_args(annotation)
        if key is not str:
            raise _Refused(f"the keys of a map are strings, not {_shown(key)}")
        return MapOf(_type_of(item, []))
    return _plain(annotation, bounds)


def _plain(annotation: Any, bounds: _Bounds) -> Type:
    if annotation is None or annotation is type(None):
        return Nothing()
    # bool is an int in Python, so it comes first.
    if annotation is bool:
        return Boolean()
    if annotation is int or annotation is float:
        return bounds.on(Number(integer=annotation is int))
    if annotation is str:
        return Text()
    if annotation is Quantity:
        raise _Refused('a quantity says of what: Annotated[Quantity, QuantityOf(("steps",))]')
    if annotation is Reference:
        raise _Refused('a reference says to what: Annotated[Reference, Artifact("rows")]')
    if isinstance(annotation, type) and issubclass(annotation, Task):
        raise _Refused("a task is referred to by its output: Annotated[Reference, Artifact(…)]")
    if isinstance(annotation, type) and issubclass(annotation, Component):
        if not annotation.kind:
            raise _Refused(f"{annotation.__name__} has no kind")
        return ComponentOf(annotation.kind)
    raise _Refused(f"{_shown(annotation)} is no type of the language")


def _union(arguments: tuple[Any, ...], bounds: _Bounds) -> Type:
    options: list[Type] = []
    for argument in arguments:
        option = bounds.on(_type_of(argument, []))
        for one in option.options if isinstance(option, Either) else (option,):
            if one not in options:
                options.append(one)
    return options[0] if len(options) == 1 else Either(tuple(options))


def _words(values: tuple[Any, ...]) -> Type:
    words = tuple(value for value in values if isinstance(value, str))
    others = [value for value in values if not isinstance(value, str) and value is not None]
    if others or not words:
        raise _Refused(f"a Literal holds words, not {others[0] if others else None!r}")
    return Either((Word(words), Nothing())) if None in values else Word(words)


def _list(annotation: Any, origin: Any, bounds: _Bounds) -> Type:
    items = get_args(annotation)
    if origin is tuple and not (len(items) == 2 and items[1] is Ellipsis):
        if len(set(items)) != 1:
            raise _Refused(f"the items of {_shown(annotation)} are of different types")
        return ListOf(_type_of(items[0], []), min_length=len(items))
    return ListOf(_type_of(items[0], []), min_length=bounds.min_length)


_BOUND_OF: dict[type, str] = {
    Ge: "ge",
    Gt: "gt",
    Le: "le",
    Lt: "lt",
    MultipleOf: "multiple_of",
    MinLen: "min_length",
}


class _Bounds(Record):
    """The ranges that stand in a field's metadata."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: int | None = None
    min_length: int = 0

    @classmethod
    def of(cls, marks: list[Any]) -> _Bounds:
        given = {name: getattr(mark, name) for mark in _flat(marks) if (name := _BOUND_OF.get(type(mark)))}
        return cls(**given)

    def on(self, type_: Type) -> Type:
        """Give the type with these bounds where they apply: `Field(gt=0)` on `int | None` is meant for the int."""
        if isinstance(type_, Number):
            given = {
                name: bound
                for name in ("ge", "gt", "le", "lt", "multiple_of")
                if (bound := getattr(self, name)) is not None
            }
            return replace(type_, **given)
        if isinstance(type_, ListOf) and self.min_length:
            return replace(type_, min_length=self.min_length)
        return type_


def _flat(marks: list[Any]) -> Iterator[Any]:
    for mark in marks:
        if isinstance(mark, FieldInfo):
            # Where it marks a part of a type (`dict[str, Annotated[float, Field(gt=0)]]`), pydantic leaves it as it is.
            yield from _flat(mark.metadata)
        elif isinstance(mark, GroupedMetadata):
            yield from mark
        else:
            yield mark


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
