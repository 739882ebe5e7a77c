"""Hover: what something is, what it takes, and what it comes to."""

from __future__ import annotations

from lsprotocol import types

from .. import syntax
from ..functions import FUNCTIONS, READS_ENVIRONMENT
from ..resolve.base import Binding, Context, Unresolved
from ..resolve.bindings import PARAM_TYPES, kind_of
from ..resolve.modules import declarations
from ..source import Span
from .analysis import Analysis
from .candidates import members
from .markdown import code, component_page, field_page, kind_page, name_page, page, plain, unit_page
from .positions import Positions
from .say import Say, shown
from .touched import (
    Touched,
    TouchedComponent,
    TouchedField,
    TouchedFunction,
    TouchedImport,
    TouchedKind,
    TouchedName,
    TouchedOutput,
    TouchedUse,
    TouchedValue,
    TouchedWord,
    touched,
)


def hover(analysis: Analysis, offset: int, positions: Positions, say: Say) -> types.Hover | None:
    """Describe what stands at an offset."""
    found = touched(analysis, offset)
    if found is None:
        return None
    unit = _unit(found, offset)
    text = unit_page(unit.text, say) if unit is not None else _page(found, analysis, say)
    if not text:
        return None
    return types.Hover(say.page(text), positions.of(unit or found.span))


def _page(found: Touched, analysis: Analysis, say: Say) -> str:
    match found:
        case TouchedKind(name=name):
            return _kind(name, analysis, say)
        case TouchedName(binding=binding, home=home):
            return _name(binding, home, analysis, say)
        case TouchedOutput():
            return _output(found, analysis, say)
        case TouchedImport(statement=statement):
            return _module(statement, analysis)
        case TouchedComponent(component=component):
            return component_page(component, say, analysis)
        case TouchedField(component=component, name=name, entry=entry) if component is not None:
            if name not in component.fields:
                return ""
            return field_page(component, component.fields[name], say, analysis, _value(entry.value, analysis))
        case TouchedField(name=name, entry=entry):
            value = _value(entry.value, analysis)
            return code(f"{name} = {value}") if value is not None else ""
        case TouchedFunction(name=name) if name in (*FUNCTIONS, READS_ENVIRONMENT):
            return page(code(f"{name}(…)"), say(f"editor.function.{name}"))
        case TouchedWord(word=word, path=path):
            wanted = analysis.observer.wanted(path)
            return page(code(word), say.type(wanted.type) if wanted else "")
        case TouchedValue(node=node):
            return _expression(node, analysis)
        case TouchedUse(use=use):
            return _use(use, analysis)
    return ""


def _unit(found: Touched, offset: int) -> Span | None:
    """Give the unit of a quantity, if that is touched."""
    if not isinstance(found, TouchedValue) or not isinstance(found.node, syntax.Literal):
        return None
    number, blank, unit = found.span.text.rpartition(" ")
    if not blank or not number:
        return None
    start = found.span.end - len(unit)
    return Span(found.span.source, start, found.span.end) if offset >= start else None


def _kind(name: str, analysis: Analysis, say: Say) -> str:
    kind = analysis.catalogue.kinds.get(name)
    if kind is not None:
        return kind_page(kind, say)
    if name in PARAM_TYPES:
        return page(code(name), say.type(PARAM_TYPES[name]))
    return ""


def _name(binding: Binding, home: Context, analysis: Analysis, say: Say) -> str:
    statement = binding.statement
    value = analysis.value(binding.name) if home is analysis.context else binding.value
    text = None if isinstance(value, Unresolved) else shown(value, analysis)
    match statement:
        case syntax.Import():
            return _module(statement, analysis)
        case syntax.Declaration(kind=kind):
            component = analysis.component_of(value)
            short = component.name if component is not None else None
            outputs = dict(analysis.outputs(value)) if home.is_task(kind.name) else None
            return name_page(kind.name, binding.name, statement.doc, short, say, outputs)
        case syntax.Param():
            if kind_of(home, binding) and isinstance(statement.value, syntax.Path):
                text = str(statement.value)
            return name_page("param", binding.name, statement.doc, text, say, None)
    word = "import" if isinstance(statement, syntax.Import) else "let"
    return name_page(word, binding.name, statement.doc, text, say, None)


def _module(statement: syntax.Import, analysis: Analysis) -> str:
    """Describe an imported file: what it says of itself, and its declarations."""
    inner = analysis.module_of(analysis.bindings.get(statement.name.name))
    head = code(f"import {statement.path.span.text} as {statement.name.name}")
    if inner is None:
        return head
    experiment = inner.module.experiment
    declared = (inner.bindings[name].statement for name in declarations(inner))
    listed = [f"{one.kind.name} {one.name.name}" for one in declared if isinstance(one, syntax.Declaration)]
    return page(head, plain(experiment.doc) if experiment else "", code("\n".join(listed)) if listed else "")


def _output(found: TouchedOutput, analysis: Analysis, say: Say) -> str:
    reached, path = found.reached, found.path
    base = tuple(segment.name for segment in path.segments if segment.span.end < found.span.start)
    value = members(base, analysis).get(found.name)
    kind = kind_of(reached.context, reached.binding)
    if value is None:
        return ""
    if kind is None:
        return code(f"{path} = {shown(value, analysis)}")
    return page(code(str(path)), say.type(value), f"*{say('editor.output', kind=kind, name=reached.binding.name)}*")


def _value(node: syntax.Expression, analysis: Analysis) -> str | None:
    value = analysis.observer.value(node, Unresolved())
    return None if isinstance(value, Unresolved) else shown(value, analysis)


def _expression(node: syntax.Expression, analysis: Analysis) -> str:
    """Show what a number or an expression comes to, if that isn't what is written."""
    text = _value(node, analysis)
    written = node.span.text
    if text is None:
        return ""
    if isinstance(node, syntax.Literal) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        text = f"{node.value:,}" if isinstance(node.value, int) else f"{node.value:.12g}"
    return code(f"{written} = {text}") if text != written and "\n" not in written else ""


def _use(use: syntax.Use, analysis: Analysis) -> str:
    known = next((one for one in analysis.context.module.uses if one.name == use.distribution.name), None)
    if known is None:
        return ""
    return code(f"{known.name} {known.version}" + (f" as {known.prefix}" if known.prefix else ""))
