"""Resolve a module: names by type, values from the inside out. Resolving is evaluating."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import syntax
from ..catalogue import Catalogue
from ..diagnostics.model import Diagnostic, Text
from ..modules import Module
from ..program import Program
from ..types import Formula
from .assemble import assemble
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .bindings import in_order, value_of
from .build import build
from .calls import call, pipe
from .formulas import formula, formula_wanted
from .modules import forget_unknown_kinds
from .names import path
from .observer import Observer
from .plain import binary, conditional, entries, items, literal, string, unary
from .update import update


def instantiate(
    module: Module, catalogue: Catalogue, root: Path, given: Mapping[str, syntax.Expression] | None = None
) -> tuple[Program | None, list[Diagnostic]]:
    """Make a program of a module and values for its params: the same ones give the same program.

    The program is None if anything is wrong; `given` holds params of the module alone.
    """
    program, whole, found = resolved(module, catalogue, root, given)
    return program if whole else None, found


def resolved(
    module: Module,
    catalogue: Catalogue,
    root: Path,
    given: Mapping[str, syntax.Expression] | None = None,
    observer: Observer | None = None,
) -> tuple[Program | None, bool, list[Diagnostic]]:
    """Make a program of what could be built, and tell whether that is all; None without the experiment's settings."""
    context = Context(module, catalogue, root, given or {}, evaluate, observer=observer)
    if observer is not None:
        observer.context = context
    forget_unknown_kinds(context)
    for binding in in_order(context):
        value_of(context, binding)
    expects = {name: _expectation(context, node) for name, node in module.expects.items()}
    settings = _settings(context)
    # What could not be parsed was reported by the parser, and has no value either.
    values = [settings, *expects.values(), *(binding.value for binding in context.bindings.values())]
    whole = not any(isinstance(value, Unresolved) for value in values)
    program = None if isinstance(settings, Unresolved) else assemble(context, settings, expects)
    return program, whole and not any(one.is_error for one in context.found), context.found


def evaluate(context: Context, node: syntax.Expression, wanted: Wanted) -> Any:
    """Evaluate an expression by its sort."""
    type_ = formula_wanted(wanted, node)
    if type_ is not None:
        return formula(context, node, wanted, type_)
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


def _settings(context: Context) -> Any:
    """Build the experiment's settings; a file without `experiment` has the defaults."""
    experiment = context.module.experiment
    component = context.catalogue.experiment
    if experiment is None:
        value, _ = component.build({})
        return UNRESOLVED if value is None else value
    path = syntax.Path(experiment.name.span, (experiment.name,))
    return build(context, syntax.Call(experiment.span, path, (), (), experiment.block), component)


def _expectation(context: Context, node: syntax.Expect) -> Any:
    """Give the formula of an `expect`."""
    wanted = Wanted(Formula(result="boolean"), Text("slot.expect", {"name": node.name.name}))
    return context.resolve(node.value, wanted)
