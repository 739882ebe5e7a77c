"""Bare names and paths: resolved by the type that is wanted where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import syntax
from ..describe import describe, show
from ..diagnostics.model import Diagnostic, Label, Text
from ..program import Reference
from ..record import Record
from ..suggest import suggest
from ..types import Anything, Artifact, ComponentOf, Number, QuantityOf, TaskOf, Word
from .base import UNRESOLVED, Binding, Context, Unresolved, Wanted
from .bindings import is_sweep, kind_of, settings_behind, value_of
from .build import call_of, default_reference, given, look_up, outputs_of, refer
from .fit import admits, fit, in_brackets, misfit
from .modules import Reached, declarations, reach
from .sweeps import best_of
from .unknown import could_fit, unknown


class _Miss(Record):
    """A candidate that doesn't fit: its value, if it came to one."""

    value: Any = None


def path(context: Context, node: syntax.Path, wanted: Wanted) -> Any:
    """Resolve a path: the file's own declaration wins over a word, and a word over a component."""
    reached = reach(context, node)
    if isinstance(reached, Unresolved):
        return reached
    if reached is not None and (more := reached.context.again.get(reached.binding.name)):
        return _any_of(
            context, [reached, *(Reached(reached.context, one, reached.segments) for one in more)], node, wanted
        )
    return _meant(context, node, wanted, reached)


def _any_of(context: Context, candidates: list[Reached], node: syntax.Path, wanted: Wanted) -> Any:
    """Resolve a name that is declared more than once: nothing is said of its use if one of the declarations fits."""
    fitting: list[Any] = []
    said: list[list[Diagnostic]] = []
    for candidate in candidates:
        with context.trying() as found:
            value = _meant(context, node, wanted, candidate)
        if any(one.is_error for one in found):
            said.append(found)
        else:
            fitting.append(value)
    if not fitting:
        context.sink.extend(said[0])
    # Where more than one fits it isn't known which is meant, so nothing can be said of what is made of it.
    return fitting[0] if len(fitting) == 1 else UNRESOLVED


def _meant(context: Context, node: syntax.Path, wanted: Wanted, reached: Reached | None) -> Any:
    """Resolve a path that begins with a name of a file, or with none."""
    head = node.segments[0].name
    bare = len(node.segments) == 1
    miss: _Miss | None = None
    if reached is not None:
        if is_sweep(reached.context, reached.binding):
            best = best_of(context, reached, node)
            if isinstance(best, Unresolved):
                return best
            if best is not None:
                with best.reporting_to(context) as trial:
                    return path(trial, best.path, wanted)
        found = _own(context, reached, node, wanted)
        if not isinstance(found, _Miss):
            if context.observer is not None:
                context.observer.meant(node, reached)
            if bare and not isinstance(found, Unresolved):
                _warn_of_hiding(context, reached.binding, node, wanted)
            return found
        miss = found
    if bare and any(isinstance(option, Word) and head in option.words for option in wanted.options):
        if context.observer is not None:
            context.observer.meant(node, head)
        return head
    component = look_up(context, str(node), wanted)
    if component is not None:
        return call_of(context, syntax.Call(node.span, node, (), (), None), component, wanted)
    if reached is not None and miss is not None:
        return _wrong_sort(context, reached, miss, node, wanted)
    return unknown(context, node, wanted)


def _own(context: Context, reached: Reached, node: syntax.Path, wanted: Wanted) -> Any:
    """Give what a name of the file (or of one that it imports) stands for here, or a _Miss if it doesn't fit."""
    home, binding = reached.context, reached.binding
    if isinstance(binding.statement, syntax.Import):
        return _Miss()
    rest = node.segments[reached.segments :]
    kind = kind_of(home, binding)
    if kind is None:
        return _plain(context, binding, node, wanted)
    if not home.is_task(kind):
        if rest:
            return _Miss()
        fits = any(isinstance(option, ComponentOf) and option.kind == kind for option in wanted.options)
        return value_of(home, binding) if fits else _Miss()
    for option in wanted.options:
        if isinstance(option, TaskOf) and not rest and option.kind in (None, kind):
            return value_of(home, binding)
    if any(isinstance(option, Artifact) for option in wanted.options):
        return _output(context, reached, node, wanted)
    return _Miss()


def _plain(context: Context, binding: Binding, node: syntax.Path, wanted: Wanted) -> Any:
    """Give the value of a `let` or `param`, or what lies in it under a key."""
    if not any(not isinstance(option, ComponentOf | Artifact | TaskOf) for option in wanted.options):
        return _Miss()
    value = value_of(context, binding)
    for segment in node.segments[1:]:
        if isinstance(value, Unresolved):
            return value
        if not isinstance(value, Mapping) or segment.name not in value:
            return _no_key(context, value, segment, node)
        value = value[segment.name]
    if isinstance(value, Unresolved):
        return value
    return fit(context, value, wanted, node) if any(admits(o, value) for o in wanted.options) else _Miss(value)


def _no_key(context: Context, value: Any, segment: syntax.Segment, node: syntax.Path) -> Unresolved:
    if not isinstance(value, Mapping):
        return context.error("L0409", segment.span, {"name": node.segments[0].name, "segment": segment.name})
    helps, fixes = suggest(segment.name, value, None if segment.is_key else segment.span)
    return context.error("L0216", segment.span, {"key": segment.name, "value": show(value)}, helps=helps, fixes=fixes)


def _output(context: Context, reached: Reached, node: syntax.Path, wanted: Wanted) -> Any:
    """Give the reference to a task's output that a path names."""
    task = value_of(reached.context, reached.binding)
    outputs = outputs_of(context, task)
    rest = node.segments[reached.segments :]
    if isinstance(task, Unresolved) or outputs is None:
        return (
            unknown_output(context, reached, node, outputs)
            if rest and outputs and rest[0].name not in outputs
            else task
        )
    settings = settings_behind(reached.context, reached.binding)
    if not rest or not outputs:
        return default_reference(context, task, wanted, node, str(node), settings)
    segment = rest[0]
    if segment.name not in outputs or len(rest) > 1:
        return unknown_output(context, reached, node, outputs)
    return refer(context, Reference(task, segment.name, outputs[segment.name], settings), wanted, node, str(node))


def unknown_output(
    context: Context, reached: Reached, node: syntax.Path, outputs: Mapping[str, Artifact]
) -> Unresolved:
    """Report an output that a task doesn't have."""
    segment, *further = node.segments[reached.segments :]
    if segment.name in outputs:
        segment = further[0]
        return context.error("L0409", segment.span, {"name": str(node), "segment": segment.name})
    helps, fixes = suggest(segment.name, outputs, None if segment.is_key else segment.span)
    kind = kind_of(reached.context, reached.binding) or ""
    name = task_name(node, reached)
    return context.error(
        "L0402",
        segment.span,
        {"output": segment.name, "kind": kind, "name": name},
        label=Text("L0402.label", {"name": name}),
        helps=helps,
        notes=(Text("L0402.outputs", {"name": name, "outputs": list(outputs)}),),
        fixes=fixes,
    )


def _wrong_sort(context: Context, reached: Reached, miss: _Miss, node: syntax.Path, wanted: Wanted) -> Unresolved:
    """Report that a name of the file is of a sort that isn't wanted here."""
    home, binding = reached.context, reached.binding
    name = task_name(node, reached)
    if isinstance(binding.statement, syntax.Import):
        return module_alone(context, binding, node, wanted)
    kind = kind_of(home, binding)
    rest = node.segments[reached.segments :]
    labels = (Label(binding.span, Text("label.declared", {"name": name})),)
    values: dict[str, object] = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": name}
    if kind is None:
        value = miss.value if miss.value is not None else binding.value
        if isinstance(value, Unresolved):
            return value
        if binding.done:
            return misfit(context, value, wanted, node)
        return context.error("L0301", node.span, values | {"given": Text("sort.plain")}, labels=labels)
    task = home.is_task(kind)
    if rest and not task:
        return context.error("L0409", rest[0].span, {"name": name, "segment": rest[0].name}, labels=labels)
    if task and any(isinstance(option, TaskOf) for option in wanted.options) and rest:
        outputs = outputs_of(context, value_of(home, binding))
        if outputs is None:
            return UNRESOLVED
        if rest[0].name not in outputs:
            return unknown_output(context, reached, node, outputs)
        return context.error("L0407", node.span, values | {"output": str(node)}, labels=labels)
    if task and rest and any(isinstance(o, Anything | Number | QuantityOf) for o in wanted.options):
        outputs = outputs_of(context, value_of(home, binding))
        if outputs is None:
            return UNRESOLVED
        if rest[0].name not in outputs or outputs[rest[0].name].name == "number":
            # Some numbers (a group's accuracy) are known only by running, so an unknown output says the same.
            return context.error("L0406", node.span, {"output": str(node)}, notes=(Text("L0406.note"),))
    helps, fixes = in_brackets(node, wanted, lambda item: isinstance(item, ComponentOf) and item.kind == kind)
    return context.error(
        "L0403", node.span, values | {"given": given(home, kind)}, labels=labels, helps=helps, fixes=fixes
    )


def module_alone(context: Context, binding: Binding, node: syntax.Path, wanted: Wanted) -> Unresolved:
    """Report an imported file that stands where one of its declarations was meant."""
    values = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": binding.name}
    labels = (Label(binding.span, Text("label.imported")),)
    inner = value_of(context, binding)
    if not isinstance(inner, Context):
        return UNRESOLVED
    names = [
        f"`{binding.name}.{name}`" for name in declarations(inner) if could_fit(inner, inner.bindings[name], wanted)
    ]
    helps = (Text("L0258.help", {"names": names}),) if names else ()
    return context.error("L0258", node.span, values, labels=labels, helps=helps)


def task_name(node: syntax.Path, reached: Reached) -> str:
    """Give the part of a path that names a declaration: `corpora.wiki` of `corpora.wiki.train`."""
    return ".".join(segment.name for segment in node.segments[: reached.segments])


def _warn_of_hiding(context: Context, binding: Binding, node: syntax.Path, wanted: Wanted) -> None:
    """Warn where a name of the file stands before a word or a component that would fit as well."""
    name = binding.name
    span = node.span
    labels = (Label(binding.span, Text("label.declared", {"name": name})),)
    if any(isinstance(option, Word) and name in option.words for option in wanted.options):
        key, values = "L0901.word", {"name": name}
    else:
        component = look_up(context, name, wanted)
        if component is None:
            return
        key, values = "L0901.component", {"name": name, "kind": component.kind}
    context.warn("L0901", span, {"name": name, "what": Text(key, values)}, Text(f"{key}.help", values), labels=labels)
