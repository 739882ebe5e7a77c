"""The experiment's settings: those of the file, and those of a trial of a sweep."""

from __future__ import annotations

from typing import Any

from .. import syntax
from ..modules import reached
from .base import UNRESOLVED, Context, Unresolved
from .bindings import mentions_of
from .build import build
from .update import recipe_of


def settings_of(context: Context) -> Any:
    """Give the built `experiment`; a file without it has the defaults, and a trial that of the file if it can."""
    if context.settings is None:
        context.settings = _built(context)
    return context.settings


def depends(context: Context, names: frozenset[str]) -> bool:
    """Tell whether the settings depend on one of some names."""
    return not names.isdisjoint(reached(context.module.experiment_mentions, mentions_of(context)))


def changed_settings(context: Context, settings: Any, offset: int, fold: int) -> Any:
    """Give settings with a seed that is so much higher, and with a fold unless that is 0."""
    if isinstance(settings, Unresolved):
        return settings
    changes = {"seed": settings.seed + offset} if offset else {}
    if fold and fold != settings.fold:
        changes["fold"] = fold
    if not changes:
        return settings
    recipe = recipe_of(context, settings)
    value, _ = recipe.component.build({**recipe.arguments, **changes})
    if value is None:
        assert context.module.experiment is not None, "a seed that nobody wrote is small"
        seed = {"seed": settings.seed + offset}
        return context.error("L0568", context.module.experiment.name.span, seed)
    return value


def _built(context: Context) -> Any:
    if context.outer is not None and not depends(context, context.own):
        return settings_of(context.outer)
    experiment = context.module.experiment
    component = context.catalogue.experiment
    if experiment is None:
        value, _ = component.build({})
        return UNRESOLVED if value is None else value
    path = syntax.Path(experiment.name.span, (experiment.name,))
    return build(context, syntax.Call(experiment.span, path, (), (), experiment.block), component)
