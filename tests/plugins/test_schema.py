"""Annotations of components become types of the language."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import pytest
from llx.dsl.types import (
    Artifact,
    Boolean,
    ComponentOf,
    Either,
    ListOf,
    MapOf,
    Nothing,
    Number,
    PathText,
    QuantityOf,
    Text,
    Type,
    Word,
)
from llx.plugins.api import (
    Amount,
    Component,
    Data,
    Field,
    Files,
    Fraction,
    Optimizer,
    Quantity,
    Reference,
    Rows,
    hidden,
)
from llx.plugins.schema import SchemaError, fields_of

CASES: list[tuple[Any, Type]] = [
    (int, Number(integer=True)),
    (float, Number()),
    (bool, Boolean()),
    (str, Text()),
    (Fraction, Number(ge=0, le=1)),
    (Annotated[int, Field(gt=0, multiple_of=8)], Number(integer=True, gt=0, multiple_of=8)),
    (Annotated[int | None, Field(gt=0)], Either((Number(integer=True, gt=0), Nothing()))),
    (Literal["auto", "cpu"], Word(("auto", "cpu"))),
    (Literal["auto", None], Either((Word(("auto",)), Nothing()))),
    (Literal["loss"] | Optimizer, Either((Word(("loss",)), ComponentOf("optimizer")))),
    (list[int], ListOf(Number(integer=True))),
    (Annotated[list[str], Field(min_length=1)], ListOf(Text(), min_length=1)),
    (tuple[float, float], ListOf(Number(), min_length=2)),
    (tuple[int, ...], ListOf(Number(integer=True))),
    (dict[str, float], MapOf(Number())),
    (dict[str, Annotated[float, Field(gt=0)]], MapOf(Number(gt=0))),
    (list[Annotated[int, Field(ge=1, le=3)]], ListOf(Number(integer=True, ge=1, le=3))),
    (Annotated[float, Field(le=1)] | None, Either((Number(le=1), Nothing()))),
    (dict[str, Data], MapOf(Either((Artifact("dataset"), Artifact("rows"))))),
    (Rows | None, Either((Artifact("rows"), Nothing()))),
    (Files, PathText(exists=True, glob=True)),
    (list[Files], ListOf(PathText(exists=True, glob=True))),
    (Amount | list[Amount], Either((_amount := QuantityOf(("steps", "tokens", "epochs", "time")), ListOf(_amount)))),
    (Optimizer, ComponentOf("optimizer")),
]


def component_with(annotation: Any) -> type[Component]:
    return type("One", (Component,), {"__annotations__": {"it": annotation}, "__module__": __name__, "name": "one"})


@pytest.mark.parametrize(("annotation", "type_"), CASES, ids=lambda case: str(case)[:60])
def test_annotations(annotation: Any, type_: Type) -> None:
    assert fields_of(component_with(annotation))["it"].type == type_


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Any, "no type of the language"),
        (object, "no type of the language"),
        (bytes, "no type of the language"),
        (Quantity, "a quantity says of what"),
        (Reference, "a reference says to what"),
        (dict[int, str], "the keys of a map are strings"),
        (tuple[int, str], "of different types"),
        (Literal[1, 2], "a Literal holds words"),
        (list[Any], "no type of the language"),
    ],
)
def test_refused(annotation: Any, reason: str) -> None:
    with pytest.raises(SchemaError, match=reason) as caught:
        fields_of(component_with(annotation))
    assert caught.value.field == "it"


class Named(Component):
    """A component."""

    name: ClassVar[str] = "named"
    from_: int = Field(description="where it begins")
    to: int = 3
    many: list[int] = Field(default_factory=lambda: [1])
    inner: int = hidden(0)


def test_names_defaults_and_hidden_fields() -> None:
    fields = fields_of(Named)
    assert list(fields) == ["from", "to", "many"]
    assert fields["from"].required
    assert fields["from"].description == "where it begins"
    assert fields["to"].default == 3
    assert not fields["to"].required
    assert fields["many"].default == [1]
