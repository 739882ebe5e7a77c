"""The program: what the names of a file came to, with all that is known of where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import formula as formulas
from .. import syntax
from ..modules import Module
from ..program import Again, Declared, Given, Knob, Let, Origin, Program, Reference, Scope
from ..record import replace
from .base import Context, Unresolved
from .bindings import kind_of, value_of
from .modules import inner_modules
from .sweeps import program_trials


def assemble(context: Context, settings: Any, expects: Mapping[str, Any], again: Again) -> Program:
    """Make the program of a module, of those of its names that have a value; `again` makes it with other best trials."""
    module = context.module
    experiment = module.experiment
    own = _scope(context)
    inner = list(inner_modules(context))
    declarations = _declarations(context)
    imported = {name: declared for one in inner for name, declared in _declarations(one).items()}
    trials = program_trials(context)
    whole = {name: one for name, one in expects.items() if not isinstance(one, Unresolved)}
    values = [settings, *(one.formula for one in whole.values())]
    values += [one.value for one in (*declarations.values(), *imported.values())]
    values += [value for trial in trials for value in trial.declarations.values()]
    kinds = context.catalogue.kinds
    return Program(
        name=experiment.name.name if experiment else _stem(module),
        doc=experiment.doc if experiment else "",
        source=module.source,
        root=context.root,
        settings=settings,
        declarations=declarations,
        params=own.params,
        uses=module.uses,
        origins=_origins(context, values),
        final=tuple(name for name, declared in declarations.items() if kinds[declared.kind].final),
        expects=whole,
        trials=trials,
        again=again,
        imported=imported,
        scopes={"": own} | {one.label: _scope(one) for one in inner},
        trial_scopes=_trial_scopes(context, own),
    )


def _declarations(context: Context) -> dict[str, Declared]:
    """Give the declarations of a module by what the experiment calls them."""
    found = {}
    for binding in context.bindings.values():
        node = binding.statement
        if isinstance(node, syntax.Declaration) and not isinstance(binding.value, Unresolved):
            name = _called(context, binding.name)
            awaits = binding.awaits.difference(context.winners)
            found[name] = Declared(name, node.kind.name, binding.value, node.span, node.name.span, node.doc, awaits)
    return found


def _scope(context: Context) -> Scope:
    """Give what the params and lets of a module stand for, as far as they have values."""
    params: dict[str, Knob] = {}
    lets: dict[str, Let] = {}
    for name, binding in context.bindings.items():
        node = binding.statement
        if not binding.done or isinstance(binding.value, Unresolved):
            continue
        if isinstance(node, syntax.Let):
            lets[name] = Let(name, binding.value, node.span, node.doc, Given(node.value, context.scope))
        elif isinstance(node, syntax.Param):
            kind = kind_of(context, binding) or ""
            value = _taken(context, node) if kind else binding.value
            source, home = _source(context, node)
            given = Given(source, home.scope)
            params[name] = Knob(name, value, name in context.given, node.span, node.doc, given, kind)
    return Scope(context.label, context.module.source, params, lets, context.module.uses, context.imported)


def _trial_scopes(context: Context, own: Scope) -> dict[str, Scope]:
    """Give the scopes of the trials and of what they import for themselves; `own` is that of the file as it stands."""
    found = {}
    for sweep, trials in context.trials.items():
        for trial in trials:
            scope = _scope(trial)
            params = {
                name: replace(knob, sweep=sweep) if name in trial.varied else knob
                for name, knob in scope.params.items()
            }
            # What doesn't vary is the file's own, and was never evaluated in the trial.
            params |= {name: knob for name, knob in own.params.items() if name not in trial.own}
            lets = {**scope.lets, **{name: let for name, let in own.lets.items() if name not in trial.own}}
            found[trial.scope] = replace(scope, params=params, lets=lets)
            found.update((one.scope, _scope(one)) for one in inner_modules(trial))
    return found


def _source(context: Context, param: syntax.Param) -> tuple[syntax.Expression, Context]:
    """Give the expression that a param has its value from, and the module whose names it uses."""
    name = param.name.name
    if name in context.given:
        return context.given[name], context.importer or context
    return param.value, context


def _taken(context: Context, param: syntax.Param) -> str:
    """Give the name of the declaration that a param of a kind takes; it may do so through another param."""
    while True:
        source, context = _source(context, param)
        assert isinstance(source, syntax.Path)
        head, *rest = source.segments
        binding = context.bindings[head.name]
        if isinstance(binding.statement, syntax.Import):
            return _called(value_of(context, binding), rest[0].name)
        if not isinstance(binding.statement, syntax.Param):
            return _called(context, head.name)
        param = binding.statement


def _called(context: Context, name: str) -> str:
    return f"{context.label}.{name}" if context.label else name


def _origins(context: Context, values: list[Any]) -> dict[int, Origin]:
    """Keep the places of what the program holds: the ids of values that nothing holds are given to others."""
    origins: dict[int, Origin] = {}
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, Reference):
            stack.append(value.task)
        elif isinstance(value, formulas.Formula):
            stack.extend(value.references)
        elif isinstance(value, list | tuple):
            stack.extend(value)
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif id(value) in context.origins and id(value) not in origins:
            origins[id(value)] = context.origins[id(value)]
            stack.extend(context.recipes[id(value)].arguments.values())
    return origins


def _stem(module: Module) -> str:
    return module.source.path.stem if module.source.path else "experiment"
