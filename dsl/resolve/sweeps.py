"""Sweeps: a trial is this file with other values of its params, evaluated as far as something asks for it.

What doesn't depend on the params that vary is the very value of the file, so that it is evaluated, checked and run
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .. import syntax
from ..catalogue import Assignment, Component, Problem, Tried
from ..describe import show
from ..diagnostics.model import Diagnostic, Label, Text
from ..modules import mentioned, reached
from ..problems import from_problem
from ..program import Trial
from ..record import Record, replace
from ..source import Span
from ..types import MODULE, Formula
from .base import UNRESOLVED, Binding, Context, Unresolved, Wanted, alternatives
from .bindings import in_order, is_sweep, mentions_of, value_of
from .modules import Reached
from .settings import changed_settings, depends, settings_of
from .space import Space, as_expression
from .winners import on_each_trial

MOST = 1000
"""Trials of one sweep: each is checked."""


def with_trials(
    context: Context,
    component: Component,
    value: Any,
    arguments: Mapping[str, Any],
    written: Mapping[str, syntax.Expression],
    span: Span,
) -> Any:
    """Give a sweep its trials, each with what it is judged by; the value itself if it is no sweep."""
    space = next((given for given in arguments.values() if isinstance(given, Space)), None)
    kind = context.catalogue.kinds.get(component.kind)
    if space is None and kind is not None and kind.sweeps:
        space = Space()  # one that varies no params, but seeds or folds
    objective = _objective(context, component, arguments)
    if space is None or objective is None or context.dry or context.importer is not None:
        return value  # a sweep is run by the file that holds it
    assert context.outer is None, "a path that leads to a sweep within a trial is refused"
    name = context.stack[-1].name
    assigned = context.catalogue.assignments(value)
    if isinstance(assigned, Problem):
        context.sink.append(from_problem(assigned, span))
        return UNRESOLVED
    if len(assigned) > MOST:
        return context.error("L0569", span, {"count": len(assigned), "most": MOST})
    place = written.get(objective.field)
    _say_idle(context, objective, space)
    if isinstance(settings_of(context), Unresolved):
        return UNRESOLVED
    trials = [_trial(context, f"{name}#{number}", one, space) for number, one in enumerate(assigned)]
    context.trials[name] = trials
    for inner, one in zip(trials, assigned, strict=True):
        inner.trial = f"{name}({', '.join(_shown(inner, one, assigned))})"
        inner.sweep_span = place.span if place is not None else span
    tried = [_tried(inner, objective, one, assigned) for inner, one in zip(trials, assigned, strict=True)]
    whole = [one for one in tried if not isinstance(one, Unresolved)]
    return context.catalogue.swept(value, whole) if len(whole) == len(tried) else UNRESOLVED


class _Objective(Record):
    """The formula that judges trials: the field that holds it, and how it is written."""

    field: str
    expression: syntax.Expression


def best_of(context: Context, reached: Reached, node: syntax.Path) -> Best | Unresolved | None:
    """Give the best trial that a path names a part of; None if it names an output of the sweep itself.

    Until the best one is known, the first one stands for it, and what is under evaluation waits for the sweep.
    """
    home, binding = reached.context, reached.binding
    if home.outer is not None and binding.name in home.own:
        return _refuse_within(home, binding, node)
    task = value_of(home, binding)
    if isinstance(task, Unresolved):
        return UNRESOLVED  # not what is known of the sweep: the path names something else
    outputs = context.catalogue.outputs(task)
    rest = node.segments[reached.segments :]
    given = outputs.get(rest[0].name) if rest else None
    if given is None or given.name != MODULE:
        return None
    if home.importer is not None:
        return context.error("L0574", node.span, {"name": str(node)}, helps=(Text("L0574.help"),))
    if len(rest) == 1:
        values = {"name": str(node)}
        return context.error("L0567", node.span, values, helps=(Text("L0567.help", values),))
    owner = home
    while owner.outer is not None:
        owner = owner.outer
    trials = owner.trials.get(binding.name)
    if not trials:
        return UNRESOLVED  # nothing says what is best, or it was reported
    number = home.winners.get(binding.name)
    for one in owner.stack:
        one.awaits |= {binding.name}
    inner = trials[number or 0]
    path = syntax.Path(rest[1].span.to(rest[-1].span), rest[1:])
    if rest[1].name in inner.bindings:
        for other in in_order(inner, [rest[1].name]):
            if not is_sweep(inner, other):
                value_of(inner, other)
    return Best(inner, path)


class Best(Record, eq=False):
    """A trial, and what a path names in it."""

    trial: Context
    path: syntax.Path

    @contextmanager
    def reporting_to(self, context: Context) -> Iterator[Context]:
        """Enter the trial to resolve the path, whose mistakes are those of the file that it stands in."""
        inner = self.trial
        saved = inner.sink, inner.dry
        inner.sink, inner.dry = context.sink, context.dry
        try:
            yield inner
        finally:
            inner.sink, inner.dry = saved


def _refuse_within(context: Context, binding: Binding, node: syntax.Path) -> Unresolved:
    """Report a sweep that each trial of another one would run, or that needs itself."""
    values = {"sweep": context.trial.partition("(")[0], "inner": binding.name}
    key = "L0566.itself" if values["sweep"] == binding.name else "L0566"
    labels = (Label(node.span, Text("label.needed_here", {"name": binding.name})),)
    helps = (Text(f"{key}.help", values),)
    return context.error(key, context.sweep_span or node.span, values, labels=labels, helps=helps)


def of_trials(context: Context) -> list[Diagnostic]:
    """Give what was found in trials, and not in the file as it stands; what several find is told of the first."""
    known = {_place(one) for one in context.found}
    found = []
    each = [(inner, inner.found, "note.trial") for trials in context.trials.values() for inner in trials]
    each += [(inner, others, "note.best_trial") for inner, others in on_each_trial(context)]
    for inner, diagnostics, key in each:
        for diagnostic in diagnostics:
            if _place(diagnostic) not in known:
                known.add(_place(diagnostic))
                note = Text(key, {"trial": inner.trial})
                labels = (*diagnostic.labels, *_tried_values(inner, diagnostic))
                found.append(replace(diagnostic, labels=labels, notes=(*diagnostic.notes, note)))
    return found


def _tried_values(inner: Context, diagnostic: Diagnostic) -> Iterator[Label]:
    """Give the places of the values that a diagnostic of a trial comes from: those of the params that it names."""
    for label in diagnostic.labels:
        name = label.text.values.get("name")
        if label.text.key == "label.declared" and name in inner.given and name in inner.varied:
            yield Label(inner.given[str(name)].span, Text("label.tried", {"name": name}))


def program_trials(context: Context) -> tuple[Trial, ...]:
    """Give the trials for the program, with what each has for itself."""
    return tuple(
        Trial(
            name,
            number,
            inner.trial,
            {one.name: one.value for one in inner.bindings.values() if one.name in inner.own and _is_declared(one)},
            {param: inner.given[param].span for param in inner.varied},
        )
        for name, trials in context.trials.items()
        for number, inner in enumerate(trials)
    )


def _is_declared(binding: Binding) -> bool:
    """Tell whether a name stands for a declaration that has its value."""
    is_declaration = isinstance(binding.statement, syntax.Declaration)
    return is_declaration and binding.done and not isinstance(binding.value, Unresolved)


def _objective(context: Context, component: Component, arguments: Mapping[str, Any]) -> _Objective | None:
    for name, field in component.fields.items():
        formula = arguments.get(name)
        if formula is not None and any(isinstance(option, Formula) for option in alternatives(field.type)):
            return _Objective(name, context.formulas[id(formula)][1])
    return None


def _trial(context: Context, scope: str, one: Assignment, space: Space) -> Context:
    """Make the context of a trial: the names that depend on what varies get values of their own."""
    given = dict(context.given)
    for param, value in one.params.items():
        given[param] = as_expression(value, space.place_of(param, value), space.is_name(param))
    inner = Context(
        context.module,
        context.catalogue,
        context.root,
        given,
        context.evaluator,
        scope=scope,
        outer=context,
        winners=context.winners,
    )
    inner.recipes, inner.origins, inner.instances = context.recipes, context.origins, context.instances
    inner.lost = context.lost
    mentions = mentions_of(inner)
    inner.varied = frozenset(one.params)
    own = frozenset(other for other in inner.bindings if not reached([other], mentions).isdisjoint(one.params))
    inner.own = own
    inner.settings = changed_settings(context, settings_of(inner), one.offset, one.fold)
    if inner.settings is not context.settings:
        # The same description under other settings is another task, so that all but the other sweeps is made anew.
        inner.instances = {}
        inner.own = frozenset(n for n, b in inner.bindings.items() if n in own or not is_sweep(context, b))
    return inner


def _tried(inner: Context, objective: _Objective, one: Assignment, all_: Sequence[Assignment]) -> Tried | Unresolved:
    for binding in in_order(inner, sorted(mentioned(objective.expression))):
        if not is_sweep(inner, binding):
            value_of(inner, binding)
    formula = inner.resolve(
        objective.expression, Wanted(Formula("task"), Text("slot.objective", {"field": objective.field}))
    )
    if isinstance(formula, Unresolved) or isinstance(inner.settings, Unresolved):
        return UNRESOLVED
    seed = inner.settings.seed if any(other.offset for other in all_) else None
    return Tried(one.params, seed, formula, one.fold or None)


def _shown(inner: Context, one: Assignment, all_: Sequence[Assignment]) -> list[str]:
    shown = [f"{param}={value if isinstance(value, str) else show(value)}" for param, value in one.params.items()]
    if any(other.offset for other in all_) and not isinstance(inner.settings, Unresolved):
        shown.append(f"seed={inner.settings.seed}")
    if one.fold:
        shown.append(f"fold={one.fold}")
    return shown


def _say_idle(context: Context, objective: _Objective, space: Space) -> None:
    """Warn of params that change nothing that trials are judged by."""
    needed = reached(mentioned(objective.expression), mentions_of(context))
    for param in space:
        if param not in needed and not depends(context, frozenset([param])):
            values = {"param": param, "objective": objective.expression.span.text}
            context.warn("L0565", space.keys_at[param], values, Text("L0565.help", values))


def _place(diagnostic: Diagnostic) -> object:
    span = diagnostic.span
    return (diagnostic.code, span and (span.source, span.start, span.end))
