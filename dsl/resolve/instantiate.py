"""Resolve a module: names by type, values from the inside out. Resolving is evaluating."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import formula as formulas
from .. import syntax
from ..catalogue import Catalogue
from ..diagnostics.model import Diagnostic, Text
from ..modules import Module
from ..program import Declared, Expectation, Knob, Origin, Program, Reference
from ..suggest import suggest
from ..types import Formula, Variations
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .bindings import in_order, kind_of, value_of, watched
from .calls import call, pipe
from .formulas import formula, formula_wanted
from .names import path
from .plain import binary, conditional, entries, items, literal, string, unary
from .settings import settings_of
from .space import variations
from .sweeps import of_trials, program_trials
from .update import update


def instantiate(
    module: Module,
    catalogue: Catalogue,
    root: Path,
    given: Mapping[str, syntax.Expression] | None = None,
    winners: Mapping[str, int] | None = None,
) -> tuple[Program | None, list[Diagnostic]]:
    """Make a program of a module and values for its params: the same ones give the same program.

    The program is None if anything is wrong; `given` holds params of the module alone. `winners` are the numbers of
    the best trials of sweeps: what is built on one that isn't known is built on the first trial, and says so.
    """
    context = Context(module, catalogue, root, given or {}, evaluate, winners or {})
    _forget_unknown_kinds(context)
    for binding in in_order(context):
        value_of(context, binding)
    expects = {name: _expectation(context, node) for name, node in module.expects.items()}
    settings = settings_of(context)
    context.found += of_trials(context)
    # What could not be parsed was reported by the parser, and has no value either.
    values = [settings, *expects.values(), *(binding.value for binding in context.bindings.values())]
    if any(isinstance(value, Unresolved) for value in values) or any(one.is_error for one in context.found):
        return None, context.found
    return _program(context, settings, expects), context.found


def evaluate(context: Context, node: syntax.Expression, wanted: Wanted) -> Any:
    """Evaluate an expression by its sort."""
    type_ = formula_wanted(wanted, node)
    if type_ is not None:
        found = formula(context, node, wanted, type_)
        context.formulas[id(found)] = (found, node)
        return found
    if any(isinstance(option, Variations) for option in wanted.options):
        return variations(context, node, wanted)
    match node:
        case syntax.Literal():
            return literal(context, node, wanted)
        case syntax.String():
            return string(context, node, wanted)
        case syntax.Path():
            return path(context, node, wanted)
        case syntax.Call():
            return call(context, node, wanted)
        case syntax.Block():
            return entries(context, node, wanted)
        case syntax.List():
            return items(context, node, wanted)
        case syntax.Pipe():
            return pipe(context, node, wanted)
        case syntax.With():
            return update(context, node, wanted)
        case syntax.Unary():
            return unary(context, node, wanted)
        case syntax.Binary():
            return binary(context, node, wanted)
        case syntax.Conditional():
            return conditional(context, node, wanted)
        case syntax.Broken():
            return UNRESOLVED
    raise AssertionError(node)


def _forget_unknown_kinds(context: Context) -> None:
    """Report declarations of kinds that don't exist; nothing is said of the use of their names."""
    for name, binding in list(context.bindings.items()):
        statement = binding.statement
        if isinstance(statement, syntax.Declaration) and statement.kind.name not in context.catalogue.kinds:
            kind = statement.kind
            del context.bindings[name]
            context.lost.add(name)
            helps, fixes = suggest(kind.name, [*context.catalogue.kinds, "let", "param"], kind.span)
            notes = () if helps else (Text("L0202.kinds", {"kinds": list(context.catalogue.kinds)}),)
            context.error("L0202", kind.span, {"kind": kind.name}, helps=helps, fixes=fixes, notes=notes)


def _expectation(context: Context, node: syntax.Expect) -> Any:
    """Give an `expect` with its formula."""
    wanted = Wanted(Formula(result="boolean"), Text("slot.expect", {"name": node.name.name}))
    found, awaits = watched(context, node, lambda: context.resolve(node.value, wanted))
    if isinstance(found, Unresolved):
        return found
    return Expectation(node.name.name, found, node.span, node.name.span, node.doc, awaits)


def _program(context: Context, settings: Any, expects: Mapping[str, Any]) -> Program:
    module = context.module
    declarations: dict[str, Declared] = {}
    params: dict[str, Knob] = {}
    for name, binding in context.bindings.items():
        node = binding.statement
        if isinstance(node, syntax.Declaration):
            declarations[name] = Declared(
                name, node.kind.name, binding.value, node.span, node.name.span, node.doc, binding.awaits
            )
        elif isinstance(node, syntax.Param):
            value = _label(context, node) if kind_of(context, binding) else binding.value
            params[name] = Knob(name, value, name in context.given, node.span, node.doc)
    kinds = context.catalogue.kinds
    final = tuple(name for name, declared in declarations.items() if kinds[declared.kind].final)
    experiment = module.experiment
    trials = program_trials(context)
    values = [settings, *(one.formula for one in expects.values()), *(one.value for one in declarations.values())]
    values += [value for trial in trials for value in trial.declarations.values()]
    return Program(
        name=experiment.name.name if experiment else _stem(module),
        doc=experiment.doc if experiment else "",
        source=module.source,
        root=context.root,
        settings=settings,
        declarations=declarations,
        params=params,
        uses=module.uses,
        origins=_origins(context, values),
        final=final,
        expects=expects,
        trials=trials,
        again=lambda winners: instantiate(module, context.catalogue, context.root, context.given, winners),
    )


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


def _label(context: Context, param: syntax.Param) -> str:
    """Give the name of the declaration that a param of a kind takes; it may do so through another param."""
    while True:
        value = context.given.get(param.name.name, param.value)
        assert isinstance(value, syntax.Path)
        taken = context.bindings[value.segments[0].name].statement
        if not isinstance(taken, syntax.Param):
            return taken.name.name
        param = taken


def _stem(module: Module) -> str:
    return module.source.path.stem if module.source.path else "experiment"
