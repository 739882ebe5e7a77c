"""The components and kinds that one file sees: the built-in ones, and those of what it uses."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..dsl.catalogue import Assignment, Kind, Problem, Tried, Used
from ..dsl.diagnostics import words
from ..dsl.diagnostics.model import Diagnostic, Text
from ..dsl.program import Program
from ..dsl.types import Artifact
from . import builtin
from .baddata import BadData
from .component import Component, Place, Task
from .distributions import LLX, load, problem, said
from .experiment import Experiment
from .findings import Findings
from .hooks import GROUP, call, new_manager
from .kinds import KindOf
from .located import Located
from .registered import Registered, failure
from .schema import SchemaError
from .sweeps import Sweep, Trial


class Registry:
    """A catalogue for one check: `use` adds to it.

    `manager` is pluggy's, through which the runtime tells plugins what happens in a run.
    """

    def __init__(self) -> None:
        self.manager = new_manager()
        self.kinds: dict[str, Kind] = {}
        self._bases: dict[str, type[Component]] = {}
        self._components: dict[str, dict[str, Registered]] = {}
        self._of_class: dict[type[Component], Registered] = {}
        self._distributions: dict[int, str] = {}
        self._messages: dict[str, dict[str, str]] = {language: {} for language in words.LANGUAGES}
        self._outputs: dict[int, tuple[Task, Mapping[str, Artifact]]] = {}
        """By the task's id, which is its own as long as it is kept here."""
        self._broken_outputs: dict[int, Problem] = {}
        problems = self._add(builtin, LLX, plugin_prefix=None, seen_as=None)
        assert not problems, f"the built-in components are broken: {problems}"
        self._own_kinds = dict(self.kinds)
        self._own_bases = dict(self._bases)
        self._own_components = {kind: dict(among) for kind, among in self._components.items()}

    def fresh(self) -> Registry:
        """Give the registry of another file of the same check: its own components, the same plugins and messages."""
        other = copy.copy(self)
        other.kinds, other._bases = dict(self._own_kinds), dict(self._own_bases)
        other._components = {kind: dict(among) for kind, among in self._own_components.items()}
        other._of_class = {}
        return other

    @cached_property
    def experiment(self) -> Registered:
        """Give the component whose fields are those of `experiment`."""
        return self._registered(Experiment)

    def components(self, kind: str) -> Mapping[str, Registered]:
        """Give the components of a kind by the name under which the file sees them."""
        return self._components.get(kind, {})

    def use(self, distribution: str, requirements: Iterable[tuple[str, str]], alias: str | None) -> Used:
        """Load a distribution's plugin and make its components visible under its prefix.

        What is wrong with one of them is a problem, and the others can be used.
        """
        loaded = load(distribution, requirements)
        if loaded.plugin is None:
            return Used(None, loaded.version, _joined(distribution, loaded.problems))
        seen_as = alias or loaded.prefix
        problems = list(loaded.problems)
        # Another file of the experiment may have used the same plugin.
        if self.manager.get_plugin(loaded.prefix or "") not in (None, loaded.plugin):
            problems.append(problem("L0716", distribution=distribution, what=loaded.prefix))
            return Used(None, loaded.version, _joined(distribution, problems))
        problems += self._add(loaded.plugin, distribution, loaded.prefix, seen_as)
        return Used(seen_as, loaded.version, _joined(distribution, problems), self._acts(loaded.plugin))

    def _acts(self, plugin: Any) -> bool:
        """Tell whether a plugin does more than offer components that a file may name."""
        callers = self.manager.get_hookcallers(plugin) or []
        return any(caller.name not in ("llx_components", "llx_messages") for caller in callers)

    def outputs(self, task: Task) -> Mapping[str, Artifact]:
        """Give the typed outputs of a task; none if its own code fails, which `check` then reports."""
        if id(task) not in self._outputs:
            self._outputs[id(task)] = task, self._asked_outputs(task)
        return self._outputs[id(task)][1]

    def _asked_outputs(self, task: Task) -> Mapping[str, Artifact]:
        try:
            return task.outputs()
        except Exception as error:
            self._broken_outputs[id(task)] = failure(type(task), self._registered(type(task)).distribution, error)
            return {}

    def recipe(self, value: Component) -> tuple[Registered, Mapping[str, Any]]:
        """Give the component that a built value is of, and the arguments that were set."""
        registered = self._registered(type(value))
        return registered, registered.arguments(value)

    def assignments(self, sweep: Sweep) -> Sequence[Assignment] | Problem:
        """Give the trials that a sweep makes; a problem if its own code fails."""
        try:
            return sweep.assignments()
        except Exception as error:
            return failure(type(sweep), self._registered(type(sweep)).distribution, error)

    def swept(self, sweep: Sweep, trials: Sequence[Tried]) -> Sweep:
        """Give the sweep that knows its trials."""
        made = [Trial(params=dict(one.params), seed=one.seed, fold=one.fold, objective=one.objective) for one in trials]
        return sweep.model_copy(update={"made": made, "objective": str(sweep.minimise or sweep.maximise)})

    def check(self, value: Component, root: Path) -> Iterable[Problem]:
        """Run the rules that a component states for itself."""
        place = Place(root)
        try:
            value.check(place)
        except BadData:
            pass  # told at the component whose files they are
        except (Exception, SystemExit) as error:
            place.problems.append(failure(type(value), self._registered(type(value)).distribution, error))
        if id(value) in self._broken_outputs:
            place.problems.append(self._broken_outputs.pop(id(value)))
        return place.problems

    def rules(self, program: Program, whole: bool = True) -> list[Diagnostic]:
        """Run the rules over the program that plugins offer (`llx_check`).

        One that fails is a diagnostic at the plugin's `use`; over a program that is not whole nothing is said of that.
        """
        findings = Findings(program)
        for implementation in self.manager.hook.llx_check.get_hookimpls():
            try:
                answer: Any = call(implementation, program=program, findings=findings)
                findings.take(answer or ())
            except (Exception, SystemExit) as error:
                if whole:
                    findings.take([self._failed_rule(implementation.plugin, program, error)])
        return findings.diagnostics

    def _failed_rule(self, plugin: Any, program: Program, error: BaseException) -> Diagnostic:
        distribution = self._distributions[id(plugin)]
        values = {"distribution": distribution, "hook": "llx_check", "error": said(error)}
        span = next((used.span for used in program.uses if used.name == distribution), None)
        return Diagnostic("L0718", Text("L0718", values), span, helps=(Text("L0718.help", values),))

    def messages(self, language: str) -> Mapping[str, str]:
        """Give the texts of all diagnostics of the components seen, by key; the catalogue of words has them already."""
        return self._messages[language]

    def _registered(self, of: type[Component]) -> Registered:
        if of not in self._of_class:
            known = self._components.get(of.kind, {}).get(of.name)
            self._of_class[of] = known if known is not None and known.of is of else Registered(of, None, LLX)
        return self._of_class[of]

    def _add(self, plugin: Any, distribution: str, plugin_prefix: str | None, seen_as: str | None) -> list[Problem]:
        self._distributions[id(plugin)] = distribution
        try:
            if not self.manager.is_registered(plugin):
                self.manager.register(plugin, plugin_prefix or GROUP)
        except Exception as error:
            return [problem("L0718", distribution=distribution, hook="register", error=said(error))]
        problems: list[Problem] = []
        for language in words.LANGUAGES:
            for messages in self._call(plugin, "llx_messages", dict, problems, language=language):
                problems += self._add_messages(messages, language, distribution, plugin_prefix)
        for kinds in self._call(plugin, "llx_kinds", list, problems):
            for kind in kinds:
                problems += self._add_kind(kind, distribution)
        for components in self._call(plugin, "llx_components", list, problems):
            for component in components:
                problems += self._add_component(component, distribution, seen_as)
        return problems

    def _call(self, plugin: Any, hook: str, collect: type, problems: list[Problem], **arguments: Any) -> Iterator[Any]:
        """Give what one plugin's hooks answer."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    # An answer may be a generator, which fails (or prints) only here.
                    answer = collect(call(implementation, **arguments) or ())
            except (Exception, SystemExit) as error:
                distribution = self._distributions[id(plugin)]
                problems.append(problem("L0718", distribution=distribution, hook=hook, error=said(error)))
                continue
            yield answer

    def _add_messages(
        self, messages: Mapping[str, str], language: str, distribution: str, prefix: str | None
    ) -> list[Problem]:
        """Add a plugin's messages to the catalogue; keys begin with its prefix, so that none hides another's."""
        own = {key: text for key, text in messages.items() if prefix is None or key.startswith(f"{prefix}:")}
        problems = []
        if foreign := messages.keys() - own.keys():
            problems.append(problem("L0723", distribution=distribution, key=min(foreign), prefix=prefix))
        try:
            words.register(language, own)
        except ValueError as error:
            problems.append(problem("L0718", distribution=distribution, hook="llx_messages", error=said(error)))
        self._messages[language].update(own)
        return problems

    def _add_kind(self, kind: Any, distribution: str) -> list[Problem]:
        if not isinstance(kind, KindOf) or not kind.base.kind.isidentifier():
            return [problem("L0713", distribution=distribution, what=_name(kind))]
        name = kind.base.kind
        if name in self.kinds:
            return [problem("L0716", distribution=distribution, what=name)]
        base = kind.base
        is_task = issubclass(base, Task)
        final = is_task and bool(getattr(base, "final", False))
        self.kinds[name] = Kind(name, is_task, final, _about_kind(name, kind.description), issubclass(base, Sweep))
        self._bases[name] = base
        return []

    def _add_component(self, found: Any, distribution: str, seen_as: str | None) -> list[Problem]:
        """Add a component: a third party's is imported and looked through, so that its mistakes are told at the `use`.

        The built-in ones are held to the same by a test, so that a check doesn't pay for what it doesn't name.
        """
        if isinstance(found, Located) and seen_as is None:
            self._components.setdefault(found.kind, {})[found.name] = Registered(found, None, distribution)
            return []
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                of = found.load() if isinstance(found, Located) else found
        except (Exception, SystemExit) as error:
            return [problem("L0718", distribution=distribution, hook="llx_components", error=said(error))]
        return self._add_class(of, distribution, seen_as)

    def _add_class(self, of: Any, distribution: str, seen_as: str | None) -> list[Problem]:
        if not (isinstance(of, type) and issubclass(of, Component)) or not of.name.isidentifier():
            return [problem("L0713", distribution=distribution, what=_name(of))]
        if not issubclass(of, self._bases.get(of.kind, Task) if of.kind in self._bases else ()):
            return [problem("L0719", distribution=distribution, component=of.name, kind=of.kind or "?")]
        if lacking := sorted(getattr(of, "__abstractmethods__", ())):
            return [problem("L0724", distribution=distribution, component=of.name, methods=lacking)]
        registered = Registered(of, seen_as, distribution)
        among = self._components.setdefault(of.kind, {})
        if registered.name in among:
            return [problem("L0716", distribution=distribution, what=registered.name)]
        try:
            missing = set(registered.positional) - set(registered.fields)
        except SchemaError as error:
            field = f"{of.name}.{error.field}"
            return [problem("L0720", distribution=distribution, field=field, reason=error.reason)]
        if missing:
            reason = "positional names a field that it doesn't have"
            field = f"{of.name}.{min(missing)}"
            return [problem("L0720", distribution=distribution, field=field, reason=reason)]
        among[registered.name] = registered
        self._of_class[of] = registered
        if registered.description:
            return []
        return [problem("L0721", warning=True, distribution=distribution, component=of.name)]


def _about_kind(name: str, documentation: str) -> str:
    """Say what a kind is for in the reader's language; English needs no catalogue."""
    language = words.language()
    if language == "en":
        return documentation
    from .about import about_kind

    return about_kind(name, documentation, language)


def _joined(distribution: str, problems: Iterable[Problem]) -> Problem | None:
    """Give one problem for all that is wrong with a distribution: a `use` has one place."""
    found: list[Problem] = []
    for one in problems:
        if one not in found:  # what is wrong in each language is said once
            found.append(one)
    if len(found) < 2:
        return found[0] if found else None
    values = {"distribution": distribution, "problems": [one.message for one in found]}
    return Problem(Text("L0722", values), "L0722", warning=all(one.warning for one in found), help=found[0].help)


def _name(thing: Any) -> str:
    return getattr(thing, "__qualname__", None) or repr(thing)[:60]
