"""Where the values of a program came from: for `llx describe`, and for an editor's hover and inlay hints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from . import syntax
from .functions import READS_ENVIRONMENT
from .program import Given, Knob, Let, Program, Scope
from .record import Record
from .resolve.fit import paths_of
from .source import Span


class Step(Record, eq=False):
    """A name that a value came through.

    `sort` is param or let. A param's `how` is default, given (from the command line), import (set where its file is
    imported), sweep (its value in a trial of one) or environment. `place` is that of the value: where the default
    stands, or what was given in its place.
    """

    sort: str
    name: str
    """As the experiment calls it: `corpora.language` in an imported file."""
    value: Any
    how: str
    place: Span
    declared: Span
    kind: str = ""
    """The kind of declaration that a param takes: its value is a name then."""
    sweep: str = ""
    """The sweep that a param has its value from."""


class FieldOrigin(Record, eq=False):
    """Where the value of a field came from.

    `sort` is written, param or let (nothing but that name is written there), with, or default.
    """

    sort: str
    span: Span | None = None
    """The place of the expression; None for a default."""
    steps: tuple[Step, ...] = ()
    """The params and lets that the expression names, and those behind them."""
    before: Span | None = None
    """What a `with` replaced: the place of the base's value, None if that was a default."""
    within: bool = False
    """Whether a `with` changed something inside the value."""


DEFAULT = FieldOrigin("default")


def field_origin(program: Program, component: Any, field: str) -> FieldOrigin:
    """Give the origin of a field of a component that the program holds."""
    origin = program.origins.get(id(component))
    given = origin.given.get(field) if origin else None
    return origin_of(program, given) if given is not None else DEFAULT


def origin_of(program: Program, given: Given) -> FieldOrigin:
    """Give the origin of the value of an expression."""
    # What a `with` changed inside of a value has its names there.
    steps = () if given.within else tuple(steps_of(program, given))
    sort = "written"
    if given.by_with:
        sort = "with"
    elif isinstance(given.expression, syntax.Path) and steps and steps[0].name.endswith(str(given.expression)):
        sort = steps[0].sort
    before = given.before.expression.span if given.before else None
    return FieldOrigin(sort, given.expression.span, steps, before, given.within)


def item_origin(program: Program, component: Any, field: str, key: str | int) -> FieldOrigin:
    """Give the origin of an entry of a field's map, or of an item of its list, as near as it is known."""
    origin = program.origins.get(id(component))
    given = origin.given.get(field) if origin else None
    whole = origin_of(program, given) if given is not None else DEFAULT
    while given is not None:
        expression = given.expression
        found = None
        if isinstance(expression, syntax.Block):
            found = next((entry.value for entry in expression.entries if entry.name == str(key)), None)
        elif isinstance(expression, syntax.List) and isinstance(key, int):
            found = expression.items[key]
        if found is not None:
            return origin_of(program, Given(found, given.scope))
        given = given.before if given.within else None
    return whole


def param_step(program: Program, scope: Scope, knob: Knob) -> Step:
    """Give what is known of the value of a param."""
    how = "default"
    if knob.sweep:
        how = "sweep"
    elif knob.given:
        how = "import" if scope.label else "given"
    elif knob.source is not None and _from_environment(knob.source.expression):
        how = "environment"
    place = knob.source.expression.span if knob.source else knob.span
    return Step("param", _called(scope, knob.name), knob.value, how, place, knob.span, knob.kind, knob.sweep)


def steps_of(program: Program, given: Given) -> Iterator[Step]:
    """Give the params and lets that an expression names, nearest first, each once."""
    seen: set[int] = set()
    waiting = [given]
    while waiting:
        current = waiting.pop(0)
        scope = program.scopes.get(current.scope) or program.trial_scopes.get(current.scope)
        for path in paths_of(current.expression) if scope else ():
            name = path.segments[0].name
            named: Knob | Let | None = scope.params.get(name) or scope.lets.get(name) if scope else None
            if scope is None or named is None or id(named) in seen:
                continue
            seen.add(id(named))
            if isinstance(named, Knob):
                yield param_step(program, scope, named)
            else:
                place = named.source.expression.span if named.source else named.span
                yield Step("let", _called(scope, name), named.value, "written", place, named.span)
            if named.source is not None:
                waiting.append(named.source)


def _called(scope: Scope, name: str) -> str:
    return f"{scope.label}.{name}" if scope.label else name


def _from_environment(expression: syntax.Expression) -> bool:
    """Tell whether a default was read from a variable that is set."""
    if not isinstance(expression, syntax.Call) or str(expression.path) != READS_ENVIRONMENT:
        return False
    name = expression.positional[0] if expression.positional else None
    return isinstance(name, syntax.String) and "".join(map(str, name.parts)) in os.environ
