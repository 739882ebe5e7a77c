"""Checks for the authors of plugins: `conforms(component)` holds a component to what the house stands on.

from llx.plugins.testing import conforms

def test_focal():
    conforms(FocalClassification(gamma=2.0))
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from ..dsl.program import Reference
from .canonical import canonical, text_of
from .component import Component, Task
from .models import Model
from .schema import fields_of, word_of
from .values import Decoding, Metric, Objective, Optimizer, Schedule

__all__ = ["conforms"]


def conforms(
    component: Component,
    *,
    model: Model | None = None,
    records: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Assert that a component is documented, has a schema, a stable identity, and works as its kind must.

    An objective is tried with `model` (a small one that fits its attention, unless given) on `records` (a few with
    the columns text and label, unless given); a model with an objective that fits it. For both: gradients reach every
    weight, a step runs on the device `meta`, the sum over parts is that over the whole, and the same seed gives the
    same bits. Call it once for each way in which the component behaves differently.
    """
    is_documented(component)
    has_a_schema(component)
    is_frozen(component)
    has_a_stable_identity(component)
    from . import testing_kinds as kinds

    match component:
        case Objective():
            kinds.try_objective(component, model or kinds.model_for(component), records or kinds.RECORDS)
        case Model():
            kinds.try_objective(kinds.objective_for(component), component, records or kinds.RECORDS)
            kinds.try_counts(component)
        case Optimizer():
            kinds.try_optimizer(component)
        case Schedule():
            kinds.try_schedule(component)
        case Metric():
            kinds.try_metric(component)
        case Decoding():
            kinds.try_decoding(component)
        case Task():
            assert component.outputs(), f"{component.name} puts nothing out"


def is_documented(component: Component) -> None:
    """Assert that the component and each of its fields say what they are."""
    cls = type(component)
    assert (cls.__doc__ or "").strip(), f"{cls.__qualname__} has no docstring; llx explain shows it"
    for field in fields_of(cls).values():
        assert field.description, f"the field {field.name} of {cls.__qualname__} has no description"


def has_a_schema(component: Component) -> None:
    """Assert that its name, kind and fields are words and types of the language, and positional names fields."""
    cls = type(component)
    assert component.name.isidentifier(), f"{component.name!r} can't be written in a file"
    assert component.kind.isidentifier(), f"{cls.__qualname__} has no kind; derive it from the base of one"
    unknown = {word_of(name) for name in component.positional} - fields_of(cls).keys()
    assert not unknown, f"positional names {unknown}, which {cls.__qualname__} doesn't have"


def is_frozen(component: Component) -> None:
    """Assert that it can't be changed once it is made: a fingerprint would no longer be its own."""
    for name in type(component).model_fields:
        try:
            setattr(component, name, getattr(component, name))
        except pydantic.ValidationError:
            continue
        raise AssertionError(f"{name} of {type(component).__qualname__} can be set; keep the base's model_config")


def has_a_stable_identity(component: Component) -> None:
    """Assert that a copy, and one in another process, has the same canonical form, and that no torch is loaded."""
    form = identity(component)
    given = {name: getattr(component, name) for name in component.model_fields_set}
    assert identity(type(component)(**given)) == form, "the same fields give another canonical form"
    pickled = pickle.dumps(component)
    assert identity(pickle.loads(pickled)) == form, "a copy through pickle has another canonical form"
    script = (
        "import pickle, sys; component = pickle.load(sys.stdin.buffer)\n"
        "from llx.plugins.testing import identity; from llx.plugins.schema import fields_of\n"
        "fields_of(type(component)); heavy = {'torch', 'numpy', 'pyarrow', 'tokenizers'} & set(sys.modules)\n"
        "assert not heavy, f'importing the component imports {sorted(heavy)}: import them where they are used'\n"
        "sys.stdout.buffer.write(identity(component).encode())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(_import_paths()), "PYTHONHASHSEED": "1"}
    done = subprocess.run([sys.executable, "-c", script], input=pickled, capture_output=True, env=environment)
    assert not done.returncode, done.stderr.decode().strip().splitlines()[-1]
    assert done.stdout.decode() == form, "another process gives another canonical form"


def identity(component: Component) -> str:
    """Give the text that is hashed for a fingerprint, references by what they refer to."""

    def refer(reference: Reference) -> Any:
        return [canonical(reference.task, refer), reference.output]

    return text_of(canonical(component, refer))


def _import_paths() -> list[str]:
    return [str(Path(path or ".").resolve()) for path in sys.path]
