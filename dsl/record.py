"""The base of small immutable values: what a frozen dataclass is, without the cost of making its class."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import get_annotations
from typing import Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """Hold named values that never change, equal to another of its class when all values are.

    A subclass lists its fields as annotations, as for `dataclasses.dataclass`, and a type checker sees it as one.
    A dataclass writes and compiles its methods for each class, about a millisecond each. The language has a hundred
    such classes and a check lasts a third of a second, so that records share the methods here. A default is
    shared by all instances: let it be immutable. With `eq=False` a record equals itself alone.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, *, eq: bool = True) -> None:
        own = [name for name, type_ in get_annotations(cls).items() if "ClassVar" not in str(type_)]
        cls.__match_args__ += tuple(own)  # type: ignore[misc]
        cls._defaults = {**cls._defaults, **{name: cls.__dict__[name] for name in own if name in cls.__dict__}}
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    def __init__(self, /, *values: Any, **named: Any) -> None:
        # A parser makes them by the ten thousand, mostly with all values by place.
        fields = self.__match_args__
        if not named and len(values) == len(fields):
            self.__dict__.update(zip(fields, values))  # noqa: B905 (it takes a tenth of the time)
            return
        own = self.__dict__
        own.update(self._defaults)
        own.update(named)
        own.update(zip(fields, values, strict=False))
        fits = len(own) == len(fields) >= len(values)
        if not fits or (named and not named.keys() <= set(fields[len(values) :])):
            raise TypeError(f"{type(self).__name__} takes ({', '.join(fields)}), not {values} and {named}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} can't be changed: records are immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} can't be deleted: records are immutable")

    def _values(self) -> tuple[Any, ...]:
        return tuple([self.__dict__[name] for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        pairs = zip(self.__match_args__, self._values(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"

    def __replace__(self, **changes: Any) -> Self:
        return type(self)(**{**dict(zip(self.__match_args__, self._values(), strict=True)), **changes})


R = TypeVar("R", bound=Record)


def replace(record: R, **changes: Any) -> R:
    """Give a copy of a record with some values changed (as `copy.replace` does from Python 3.13 on)."""
    return record.__replace__(**changes)
