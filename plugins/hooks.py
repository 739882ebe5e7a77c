"""The hooks that a plugin may implement (pluggy). A hook can gain arguments without breaking a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from ..dsl.diagnostics.model import Diagnostic
    from ..dsl.program import Program
    from .component import Component
    from .findings import Findings
    from .kinds import KindOf
    from .located import Located

GROUP = "llx"
"""The entry-point group; the name of the entry point is the prefix of the distribution's components."""

hookspec = pluggy.HookspecMarker("llx")
hookimpl = pluggy.HookimplMarker("llx")


def call(implementation: pluggy.HookImpl, **arguments: Any) -> Any:
    """Call one plugin's implementation of a hook with those of the offered arguments that it takes.

    pluggy's own call would not say whose answer is whose, nor whose code failed.
    """
    return implementation.function(*(arguments[name] for name in implementation.argnames))


def new_manager() -> pluggy.PluginManager:
    """Give a manager that knows the hooks, and no plugin yet."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    return manager


class Hooks:
    """The specification."""

    @hookspec
    def llx_components(self) -> Iterable[type[Component] | Located]:  # type: ignore[empty-body]
        """Give the component classes of this distribution, or where they are.

        Those of a distribution that a file uses are imported at its `use`, so that one that fails is named there.
        """

    @hookspec
    def llx_kinds(self) -> Iterable[KindOf]:  # type: ignore[empty-body]
        """Give new kinds of declarations."""

    @hookspec
    def llx_messages(self, language: str) -> Mapping[str, str]:  # type: ignore[empty-body]
        """Give the texts of this distribution's diagnostics in a language (`en` or `ja`), by key."""

    @hookspec
    def llx_check(self, program: Program, findings: Findings) -> Iterable[Diagnostic] | None:
        """Look for what is wrong among the components of a program, and report it through `findings`.

        The program may lack declarations in which something else is wrong. Diagnostics made by hand may be given back.
        """

    @hookspec
    def llx_commands(self, group: click.Group) -> None:
        """Add commands to `llx`."""

    @hookspec
    def llx_run_started(self, run: Mapping[str, Any]) -> None:
        """Hear that a run begins: its id, file, parameters."""

    @hookspec
    def llx_step(self, task: str, step: int, figures: Mapping[str, float]) -> None:
        """Hear the figures of a training step that was logged."""

    @hookspec
    def llx_task_finished(self, task: str, fingerprint: str, facts: Mapping[str, Any]) -> None:
        """Hear that a task has finished."""

    @hookspec
    def llx_run_finished(self, run: Mapping[str, Any]) -> None:
        """Hear that a run ended, and how: its state, and under `expects` what became of each expectation, if there are any."""

    @hookspec
    def llx_report_sections(self, run: Mapping[str, Any]) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
        """Give sections of the report: pairs of a heading and HTML."""
