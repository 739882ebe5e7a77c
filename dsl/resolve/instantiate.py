"""Resolve a module: names by type, values from the inside out. Resolving is evaluating."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import syntax
from ..catalogue import Catalogue
from ..diagnostics.model import Diagnostic, Text
from ..modules import Module
from ..program import Expectation, Program
from ..types import Formula, Variations
from .assemble import assemble
from .base import UNRESOLVED, Context, Unresolved, Wanted
from .bindings import in_order, value_of, watched
from .calls import call, pipe
from .formulas import formula, formula_wanted
from .modules import forget_unknown_kinds, inner_modules
from .names import path
from .observer import Observer
from .plain import binary, conditional, entries, items, literal, string, unary
from .settings import settings_of
from .space import variations
from .sweeps import of_trials
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
    program, whole, found = resolved(module, catalogue, root, given, winners)
    return program if whole else None, found


def resolved(
    module: Module,
    catalogue: Catalogue,
    root: Path,
    given: Mapping[str, syntax.Expression] | None = None,
    winners: Mapping[str, int] | None = None,
    observer: Observer | None = None,
) -> tuple[Program | None, bool, list[Diagnostic]]:
    """Make a program of what could be built, and tell whether that is all; None without the experiment's settings."""
    context = Context(module, catalogue, root, given or {}, evaluate, winners=winners or {}, observer=observer)
    if observer is not None:
        observer.context = context
    forget_unknown_kinds(context)
    for binding in in_order(context):
        value_of(context, binding)
    for one in [one for more in context.again.values() for one in more]:
        value_of(context, one)
    expects = {name: _expectation(context, node) for name, node in module.expects.items()}
    settings = settings_of(context)
    context.found += of_trials(context)
    # What could not be parsed was reported by the parser, and has no value either.
    modules = (context, *inner_modules(context))
    values = [settings, *expects.values(), *(one.value for home in modules for one in home.bindings.values())]

    def again(winners: Mapping[str, int]) -> tuple[Program | None, list[Diagnostic]]:
        return instantiate(module, catalogue, root, given, winners)

    whole = not any(isinstance(value, Unresolved) for value in values)
    program = None if isinstance(settings, Unresolved) else assemble(context, settings, expects, again)
    return program, whole and not any(one.is_error for one in context.found), context.found


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


def _expectation(context: Context, node: syntax.Expect) -> Any:
    """Give an `expect` with its formula."""
    wanted = Wanted(Formula(result="boolean"), Text("slot.expect", {"name": node.name.name}))
    found, chosen = watched(context, node, lambda: context.resolve(node.value, wanted))
    if isinstance(found, Unresolved):
        return found
    awaits = chosen.difference(context.winners)
    return Expectation(node.name.name, found, node.span, node.name.span, node.doc, awaits, chosen)
