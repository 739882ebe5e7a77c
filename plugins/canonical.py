"""The canonical form of a component: JSON that is equal exactly when the meaning is.

It walks the fields itself, because pydantic's `model_dump` of a field that is typed by its base drops the fields of
the subclass, and two optimizers with different learning rates dump alike. Every mapping in it is tagged by its first
key, so that no two values share a form:

    component  {"kind": "optimizer", "name": "llx:adamw", "version": 1, "fields": {…}}
    reference  {"reference": whatever `refer` gives}
    quantity   {"quantity": 20000000, "of": "tokens"}
    map        {"map": {…}}
    formula    {"formula": ["/", {"output": whatever `refer` gives, "keys": []}, 2]}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..dsl.formula import Formula, Known, Output, RowField
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from .component import Component, Task
from .schema import is_identity, word_of
from .show import show
from .sources import distribution_digest, package_of

__all__ = ["canonical", "describe", "distribution_digest", "flatten", "show", "text_of"]

Refer = Callable[[Reference], Any]
"""Gives what stands for a reference: to the runtime, the fingerprint of its task and the output."""


def canonical(component: Component, refer: Refer, *, defaults: bool = False) -> dict[str, Any]:
    """Give the canonical form of a component.

    Fields that don't change the result (`neutral`) are left out, and so are values equal to the default: a new
    field with a default leaves old fingerprints as they are, and a changed default bumps `version`. With `defaults`
    they are all there, for telling what changed from what.
    """
    fields = {}
    for name, info in type(component).model_fields.items():
        if not is_identity(info):
            continue
        value = _value(getattr(component, name), refer, defaults)
        if not defaults and not info.is_required():
            default = info.get_default(call_default_factory=True, validated_data={})
            if text_of(_value(default, refer, defaults)) == text_of(value):
                continue
        fields[word_of(name)] = value
    return {
        "kind": component.kind,
        "name": f"{package_of(type(component))}:{component.name}",
        "version": component.version,
        "fields": fields,
    }


def text_of(form: Any) -> str:
    """Give the one text of a canonical form, to be hashed: keys sorted, floats exact."""
    return json.dumps(form, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def flatten(form: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a canonical form by dotted path, for comparing two of them.

    `optimizer` gives the component's name and `optimizer.lr` a field of it; the component itself has the path "".
    Leaves can be given to `show`.
    """
    flat: dict[str, Any] = {}
    _flatten(form, "", flat)
    return flat


def _value(value: Any, refer: Refer, defaults: bool) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _number(value)
        case Quantity():
            return {"quantity": _number(value.magnitude), "of": value.dimension}
        case Reference():
            return {"reference": refer(value)}
        case Task():
            raise TypeError(f"a field holds the task {value.name!r}; refer to its output instead")
        case Component():
            return canonical(value, refer, defaults=defaults)
        case list() | tuple():
            return [_value(item, refer, defaults) for item in value]
        case Mapping():
            return {"map": {str(key): _value(item, refer, defaults) for key, item in value.items()}}
        case Formula():
            return _formula(value, refer, defaults)
    raise TypeError(f"a field holds {type(value).__name__}, which has no canonical form")


def _formula(formula: Formula, refer: Refer, defaults: bool) -> dict[str, Any]:
    """Give the form of a formula, beside which stands its text where it is for people to compare."""

    def leaf(term: Known | Output | RowField) -> Any:
        match term:
            case Known(value=value):
                return _value(value, refer, defaults)
            case Output(reference=reference, keys=keys):
                return {"output": refer(reference), "keys": list(keys)}
        return {"field": term.name}

    form: Any = formula.fold(leaf, lambda operator, operands: [operator, *operands])
    return {"formula": form, "text": str(formula)} if defaults else {"formula": form}


def _number(number: int | float) -> int | float:
    # 1.0 and 1, -0.0 and 0 are the same to the language; beyond 2**53 a float no longer says which integer it is.
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
        return int(number)
    return number


def _flatten(form: Any, path: str, flat: dict[str, Any]) -> None:
    if isinstance(form, Mapping) and "kind" in form:
        flat[path] = form["name"].removeprefix("llx:")
        if form["version"] != 1:
            flat[_join(path, "version")] = form["version"]
        for name, value in form["fields"].items():
            _flatten(value, _join(path, name), flat)
    elif isinstance(form, Mapping) and "map" in form:
        for name, value in form["map"].items():
            _flatten(value, _join(path, name), flat)
    elif isinstance(form, list) and any(isinstance(item, Mapping) and "quantity" not in item for item in form):
        for index, item in enumerate(form):
            _flatten(item, f"{path}[{index}]", flat)
    else:
        flat[path] = form


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def describe(component: Component) -> dict[str, Any]:
    """Give a component as JSON for people and other programs: every field, a reference by its component's name."""
    return canonical(component, lambda reference: f"{reference.task.name}.{reference.output}", defaults=True)
