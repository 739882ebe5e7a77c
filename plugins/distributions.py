"""Loading the plugin of one distribution: what `use llx-focal` does. Nothing else that is installed is touched."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import Any

from .. import __version__
from ..dsl.catalogue import REQUIREMENTS, Problem
from ..dsl.diagnostics.model import Text
from ..dsl.record import Record, replace
from .hooks import GROUP
from .versions import satisfies

LLX = "llx-lang"
"""The distribution of llx itself: to `use` it only pins its version."""


class Loaded(Record):
    """A distribution whose plugin was found: `plugin` is None when it can't be used, and `problems` say why."""

    version: str | None
    prefix: str | None
    plugin: Any
    problems: tuple[Problem, ...]


def load(distribution: str, requirements: Iterable[tuple[str, str]]) -> Loaded:
    """Import the plugin of an installed distribution, if its version is as required."""
    if distribution == LLX:
        return Loaded(__version__, None, None, tuple(_unmet(distribution, __version__, requirements)))
    # Costs 19 ms, so only a file with a `use` pays for it.
    import importlib.metadata

    try:
        found = importlib.metadata.distribution(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        missing = problem("L0710", distribution=distribution)
        if distribution == "llx":
            missing = replace(missing, help=Text("L0710.llx", {"distribution": LLX}))
        return _unusable(None, missing)
    version = found.version
    if unmet := list(_unmet(distribution, version, requirements)):
        return _unusable(version, *unmet)
    points = [point for point in found.entry_points if point.group == GROUP]
    if len(points) != 1:
        return _unusable(version, problem("L0712", distribution=distribution, count=len(points)))
    point = points[0]
    if not point.name.isidentifier():
        return _unusable(version, problem("L0713", distribution=distribution, what=point.name))
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            plugin = point.load()
    except (Exception, SystemExit) as error:
        return _unusable(version, problem("L0714", distribution=distribution, module=point.module, error=said(error)))
    problems = []
    if text := printed.getvalue().strip():
        first = text.splitlines()[0][:80]
        problems.append(problem("L0717", warning=True, distribution=distribution, printed=first))
    return Loaded(version, point.name, plugin, tuple(problems))


def module_of(distribution: str) -> str:
    """Give the import package of an installed distribution's plugin."""
    import importlib.metadata

    points = importlib.metadata.distribution(distribution).entry_points
    return next((point.module.partition(".")[0] for point in points if point.group == GROUP), "")


def problem(code: str, *, at: str | None = None, warning: bool = False, **values: object) -> Problem:
    """Give the problem of a distribution; every code of these has a help."""
    return Problem(Text(code, values), code, at, warning=warning, help=Text(f"{code}.help", values))


def said(error: BaseException) -> str:
    """Give an exception in a line: its type and the first line of what it says."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unusable(version: str | None, *problems: Problem) -> Loaded:
    return Loaded(version, None, None, problems)


def _unmet(distribution: str, version: str, requirements: Iterable[tuple[str, str]]) -> Iterable[Problem]:
    for operator, wanted in requirements:
        if not satisfies(version, operator, wanted):
            values = {"version": version, "wanted": f"{operator} {wanted}", "pin": f"{operator}{wanted}"}
            yield problem("L0711", at=REQUIREMENTS, warning=False, distribution=distribution, **values)
