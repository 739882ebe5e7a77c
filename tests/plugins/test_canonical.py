"""The canonical form: equal exactly when the meaning is."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.api import Component, Field, Optimizer, Quantity, Task, neutral
from llx.plugins.canonical import canonical, distribution_digest, flatten, show, text_of


class Base(Component):
    """Stand for a kind."""

    kind: ClassVar[str] = "inner"


class Inner(Base):
    """Have a rate."""

    name: ClassVar[str] = "inner"
    rate: float = 0.1


class Outer(Component):
    """Hold things."""

    kind: ClassVar[str] = "outer"
    name: ClassVar[str] = "outer"
    inner: Base = Inner()
    budget: Quantity | None = None
    shares: dict[str, float] = Field(default_factory=dict)
    data: Any = None
    from_: int | None = None
    items: list[Any] = Field(default_factory=list)
    workers: int = neutral(2)


class Source(Task):
    """Be referred to."""

    kind: ClassVar[str] = "data"
    name: ClassVar[str] = "source"

    def outputs(self) -> dict[str, Artifact]:
        return {"dataset": Artifact("dataset")}


def refer(reference: Reference) -> Any:
    return [reference.task.name, reference.output]


def text(component: Component) -> str:
    return text_of(canonical(component, refer))


def test_fields_of_a_subclass_are_kept() -> None:
    assert text(Outer(inner=Inner(rate=0.2))) != text(Outer(inner=Inner(rate=0.3)))


def test_defaults_and_neutral_fields_are_left_out() -> None:
    assert canonical(Outer(), refer)["fields"] == {}
    assert text(Outer(inner=Inner(rate=0.1), workers=9)) == text(Outer())
    whole = canonical(Outer(), refer, defaults=True)["fields"]
    assert "workers" not in whole
    assert whole["inner"]["fields"] == {"rate": 0.1}


def test_values() -> None:
    form = canonical(
        Outer(
            budget=Quantity(3600, "time"), shares={"b": 2.0, "a": -0.0}, data=Source().default(), from_=1, items=[1e-7]
        ),
        refer,
    )
    assert form["name"].endswith(":outer")
    assert form["fields"] == {
        "budget": {"quantity": 3600, "of": "time"},
        "shares": {"map": {"b": 2, "a": 0}},
        "data": {"reference": ["source", "dataset"]},
        "from": 1,
        "items": [1e-7],
    }
    assert json.loads(text_of(form)) == form


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="refer to its output"):
        canonical(Outer(data=Source()), refer)
    with pytest.raises(TypeError, match="no canonical form"):
        canonical(Outer(data=object()), refer)
    with pytest.raises(ValueError):
        text(Outer(data=float("nan")))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain, plain)
def test_equal_forms_mean_equal_values(one: Any, other: Any) -> None:
    same = text(Outer(data=one)) == text(Outer(data=other))
    assert same == (tagged(one) == tagged(other))


def tagged(value: Any) -> Any:
    """Give a value in which Python's True and 1 differ, and 1 and 1.0 don't."""
    match value:
        case bool() | None | str():
            return (type(value).__name__, value)
        case int() | float():
            exact = isinstance(value, float) and abs(value) >= 2**53
            return ("big" if exact else "number", value)
        case list():
            return ("list", [tagged(item) for item in value])
    return ("map", {key: tagged(item) for key, item in value.items()})


def test_flatten() -> None:
    outer = Outer(inner=Inner(rate=0.2), shares={"a": 1}, items=[Inner(rate=0.5), 3], budget=Quantity(5, "steps"))
    flat = flatten(canonical(outer, refer))
    assert {path: value for path, value in flat.items() if not str(value).endswith((":outer", ":inner"))} == {
        "inner.rate": 0.2,
        "shares.a": 1,
        "items[0].rate": 0.5,
        "items[1]": 3,
        "budget": {"quantity": 5, "of": "steps"},
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (8192, "8Ki"),
        (0.0006, "0.0006"),
        (0.1234567890123, "0.1234567890123"),
        (3.0, "3"),
        (True, "true"),
        (None, "none"),
        ("auto", "auto"),
        ("a b", '"a b"'),
        (Quantity(20_000_000, "tokens"), "20M tokens"),
        ({"quantity": 3600, "of": "time"}, "1 h"),
        ([1, 2], "[1, 2]"),
        ({"a": 1, "b c": 2}, '{ a = 1, "b c" = 2 }'),
        (Inner(), "inner"),
        (Inner(rate=0.5), "inner { rate = 0.5 }"),
    ],
)
def test_show(value: Any, shown: str) -> None:
    assert show(value) == shown


def test_sources_of_a_checkout_are_digested() -> None:
    digest = distribution_digest(Outer())
    assert digest is not None
    assert digest == distribution_digest(Outer(inner=Inner(rate=0.9)))
    assert Optimizer.kind == "optimizer"
