"""Formulas: the names in them stand for what tasks put out, or for the fields of a row; the rest is computed here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import formula as formulas
from .. import syntax
from ..describe import artifact, describe, show
from ..diagnostics.model import Fix, Label, Severity, Text
from ..formula import Known, Operation, Output, RowField, level_of
from ..functions import FUNCTIONS, READS_ENVIRONMENT, compare
from ..functions import sort as sort_of_value
from ..modules import mentioned
from ..program import Reference
from ..quantities import BASE_UNIT, Quantity
from ..record import replace
from ..suggest import suggest
from ..types import Anything, Artifact, Formula, Nothing, Number
from .base import Binding, Context, Unresolved, Wanted
from .bindings import is_sweep, kind_of, settings_behind, value_of
from .build import given, outputs_of
from .modules import Reached, reach
from .names import module_alone, task_name, unknown_output
from .plain import plain
from .sorts import ANY, Part, level_of_text, outcome_sort, read_number, sort_text, with_numbers
from .sweeps import Best, best_of
from .unknown import unknown, unknown_call

ROW = "row"
"""The name of the row in a formula about rows."""

FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""What a comparison is when its sides change places."""


def formula_wanted(wanted: Wanted, node: syntax.Expression) -> Formula | None:
    """Give the type of the formula that is wanted here; `none` may stand for the lack of one."""
    if isinstance(node, syntax.Literal) and node.value is None and Nothing() in wanted.options:
        return None
    return next((option for option in wanted.options if isinstance(option, Formula)), None)


def formula(context: Context, node: syntax.Expression, wanted: Wanted, type_: Formula) -> Any:
    """Resolve an expression as a formula."""
    part = _Resolver(context, type_.scope, wanted).part(node)
    if isinstance(part, Unresolved):
        return part
    whole = formulas.Formula(part.term)
    values: dict[str, object] = {"slot": wanted.slot, "given": sort_text(part.sort)}
    if type_.result == "boolean" and part.sort != "boolean":
        helps = (Text("L0233.help", {"text": str(whole)}),)
        return context.error("L0233", node.span, values, helps=helps)
    if type_.result != "boolean" and part.sort not in (ANY, "number", *BASE_UNIT):
        return context.error("L0233.number", node.span, values)
    chosen = bool(context.stack and context.stack[-1].awaits)  # only a run knows the best trial of a sweep
    if not whole.names and not chosen:
        values = {"slot": wanted.slot, "value": show(part.term.value) if isinstance(part.term, Known) else str(whole)}
        context.warn("L0234.row" if type_.scope == ROW else "L0234", node.span, values)
    return formulas.Formula(read_number(part).term) if part.sort == ANY and type_.result != "boolean" else whole


class _Resolver:
    """Resolves one formula."""

    def __init__(self, context: Context, scope: str, wanted: Wanted) -> None:
        self.context = context
        self.scope = scope
        self.wanted = wanted

    def part(self, node: syntax.Expression) -> Part | Unresolved:
        """Resolve a part of the formula; one that names nothing of the formula's own is computed at once."""
        if self.context.observer is not None:
            self.context.observer.resolved(node, self.wanted, Unresolved())
        if not self._is_open(node):
            return self._known(node)
        match node:
            case syntax.Path():
                return self._path(node)
            case syntax.Unary(operator=operator, operand=operand):
                return self._operation(operator, node, (operand,))
            case syntax.Binary(operator=operator, left=left, right=right):
                return self._operation(operator, node, (left, right))
            case syntax.Conditional(condition=condition, then=then, otherwise=otherwise):
                return self._operation("if", node, (condition, then, otherwise))
            case syntax.Call():
                return self._call(node)
        return self.context.error("L0232", node.span, {"slot": self.wanted.slot}, helps=(Text("L0232.help"),))

    def _is_open(self, node: syntax.Expression) -> bool:
        """Tell whether an expression names what only a run (or a row) knows, or what nobody knows."""
        names = mentioned(node)
        if self.scope == ROW and ROW in names:
            return True
        return not all(self._is_plain(name) for name in names)

    def _is_plain(self, name: str) -> bool:
        """Tell whether a name stands for a value that is known now."""
        binding = self.context.bindings.get(name)
        if binding is None or isinstance(binding.statement, syntax.Import):
            return False
        return kind_of(self.context, binding) is None

    def _known(self, node: syntax.Expression) -> Part | Unresolved:
        value = plain(self.context, node, self.wanted.slot)
        if isinstance(value, Unresolved):
            return value
        if isinstance(value, list | Mapping):
            return self.context.error("L0232", node.span, {"slot": self.wanted.slot}, helps=(Text("L0232.help"),))
        written = node.span.text
        level = level_of_text(node)
        if "\n" in written:
            written, level = show(value), level_of("", 0)
        return Part(Known(value, written, level, bool(mentioned(node))), sort_of_value(value), node)

    # Names

    def _path(self, node: syntax.Path) -> Part | Unresolved:
        head = node.segments[0].name
        if self.scope == ROW and head == ROW:
            return self._field(node)
        reached = reach(self.context, node)
        if isinstance(reached, Unresolved):
            return reached
        if reached is None:
            return self._unknown(node)
        if self.context.observer is not None:
            self.context.observer.meant(node, reached)
        home, binding = reached.context, reached.binding
        if isinstance(binding.statement, syntax.Import):
            return module_alone(self.context, binding, node, self.wanted)
        kind = kind_of(home, binding)
        if kind is None or not home.is_task(kind) or self.scope == ROW:
            return self._no_number(node, binding, kind or "")
        if is_sweep(home, binding):
            best = best_of(self.context, reached, node)
            if best is not None:
                return best if isinstance(best, Unresolved) else self._of_best(best, node)
        return self._output(node, reached, value_of(home, binding))

    def _of_best(self, best: Best, node: syntax.Path) -> Part | Unresolved:
        """Resolve what a path names in the best trial of a sweep."""
        with best.reporting_to(self.context) as trial:
            part = _Resolver(trial, self.scope, self.wanted).part(best.path)
        match part:
            case Part(term=Output() as term):
                return replace(part, term=replace(term, text=str(node), span=node.span), node=node)
            case Part(term=Known() as term):
                return replace(part, term=replace(term, text=str(node)), node=node)
        return part

    def _field(self, node: syntax.Path) -> Part | Unresolved:
        if len(node.segments) != 2:
            return self.context.error("L0235", node.span, {"name": str(node)}, helps=(Text("L0235.help"),))
        return Part(RowField(node.segments[1].name, str(node), node.span), ANY, node)

    def _output(self, node: syntax.Path, reached: Reached, task: Any) -> Part | Unresolved:
        outputs = outputs_of(self.context, task)
        if outputs is None:
            return Unresolved()
        called = task_name(node, reached)
        rest = node.segments[reached.segments :]
        name = rest[0].name if rest else next(iter(outputs), "")
        if name not in outputs:
            return unknown_output(self.context, reached, node, outputs)
        artifact_, keys = outputs[name], tuple(segment.name for segment in rest[1:])
        if artifact_.name == "number" and keys:
            values = {"name": f"{called}.{name}", "segment": keys[0]}
            return self.context.error("L0409", rest[1].span, values)
        if keys and artifact_.splits and keys[0] not in artifact_.splits:
            return self._unknown_key(f"{called}.{name}", rest[1], artifact_.splits)
        if artifact_.name == "numbers" and not keys:
            helps = (Text("L0230.key", {"name": f"{called}.{name}"}),)
            return self._is_no_number(node, artifact(artifact_), helps)
        if artifact_.name not in ("number", "numbers"):
            return self._is_no_number(node, artifact(artifact_), self._numbers(called, outputs))
        if isinstance(task, Unresolved):
            return task
        settings = settings_behind(reached.context, reached.binding)
        output = Output(Reference(task, name, artifact_, settings), keys, str(node), node.span)
        return Part(output, artifact_.dimension or "number", node)

    def _unknown_key(self, name: str, key: syntax.Segment, known: Sequence[str]) -> Unresolved:
        helps, fixes = suggest(key.name, known, None if key.is_key else key.span)
        notes = (Text("L0231.keys", {"name": name, "keys": known}),)
        return self.context.error(
            "L0231", key.span, {"name": name, "key": key.name}, helps=helps, fixes=fixes, notes=notes
        )

    def _unknown(self, node: syntax.Path) -> Unresolved:
        """Report a name that nothing has, or that has no value."""
        if self.context.module.expects.get(str(node)) is not None:
            return unknown(self.context, node, self.wanted)
        bindings = self.context.bindings.items()
        known = [n for n, one in bindings if (kind := kind_of(self.context, one)) is None or self.context.is_task(kind)]
        head = node.segments[0]
        helps, fixes = suggest(head.name, [ROW, *known] if self.scope == ROW else known, head.span)
        if self.context.module.headless and not fixes:
            return Unresolved()
        if self.scope == ROW and not helps and len(node.segments) == 1:
            text = f"{ROW}.{head.name}"
            helps, fixes = (Text("help.write", {"text": text}),), (Fix(node.span, text, certain=False),)
        label = Text("L0235.label" if self.scope == ROW else "L0230.label")
        return self.context.error("L0201", head.span, {"name": head.name}, label=label, helps=helps, fixes=fixes)

    def _no_number(self, node: syntax.Path, binding: Binding, kind: str) -> Unresolved:
        """Report a name of the file that stands for nothing that this formula may be about."""
        if self.scope == ROW:
            labels = (Label(binding.span, Text("label.declared", {"name": binding.name})),)
            values = {"slot": self.wanted.slot, "name": str(node)}
            return self.context.error("L0235.task", node.span, values, labels=labels, helps=(Text("L0235.help"),))
        return self._is_no_number(node, given(self.context, kind), ())

    def _is_no_number(self, node: syntax.Path, what: Text, helps: tuple[Text, ...]) -> Unresolved:
        return self.context.error("L0230", node.span, {"name": str(node), "given": what}, helps=helps)

    def _numbers(self, task: str, outputs: Mapping[str, Artifact]) -> tuple[Text, ...]:
        names = [f"`{task}.{name}`" for name, one in outputs.items() if one.name in ("number", "numbers")]
        return (Text("L0230.numbers", {"name": task, "numbers": names}),) if names else ()

    # Operations

    def _call(self, node: syntax.Call) -> Part | Unresolved:
        name = str(node.path)
        if name not in FUNCTIONS:
            if name == READS_ENVIRONMENT:
                return self.context.error("L0217", node.span, helps=(Text("L0217.help"),))
            return unknown_call(self.context, node, name, Wanted(Anything(), self.wanted.slot))
        _, least, most = FUNCTIONS[name]
        count = len(node.positional)
        if node.incomplete:
            return Unresolved()
        if node.entries or node.block or count < least or (most is not None and count > most):
            takes = f"{name}({'…' if most is None else ', '.join('xy'[:most])})"
            return self.context.error("L0219", node.span, {"function": name, "takes": takes})
        return self._operation(name, node, node.positional)

    def _operation(
        self, operator: str, node: syntax.Expression, operands: Sequence[syntax.Expression]
    ) -> Part | Unresolved:
        resolved = [self.part(operand) for operand in operands]
        parts = [part for part in resolved if not isinstance(part, Unresolved)]
        if len(parts) < len(resolved):
            return Unresolved()
        parts = with_numbers(operator, parts)
        sort = outcome_sort(operator, [part.sort for part in parts])
        if sort is None:
            return self._mismatch(operator, node, parts)
        if operator in FLIPPED:
            self._warn_if_settled(operator, node, *parts)
        return Part(Operation(operator, tuple(part.term for part in parts)), sort, node)

    def _warn_if_settled(self, operator: str, node: syntax.Expression, left: Part, right: Part) -> None:
        """Warn of a comparison that has only one outcome: an accuracy that is to be above 70, and not above 70%."""
        if isinstance(left.term, Known):
            operator, left, right = FLIPPED[operator], right, left
        if not isinstance(left.term, Output) or not isinstance(right.term, Known):
            return
        bounds = left.term.reference.artifact
        least = -math.inf if bounds.least is None else bounds.least
        most = math.inf if bounds.most is None else bounds.most
        limit: Any = right.term.value.magnitude if isinstance(right.term.value, Quantity) else right.term.value
        outcome = compare(operator, least, limit)
        if compare(operator, most, limit) is not outcome:
            return
        helps: tuple[Text, ...] = ()
        fixes: tuple[Fix, ...] = ()
        if most == 1 and isinstance(right.node, syntax.Literal) and 1 < limit <= 100:
            text = f"{right.node.span.text}%"
            helps, fixes = (Text("help.write", {"text": text}),), (Fix(right.node.span, text, certain=False),)
        values = {
            "name": left.term.text,
            "range": describe(Number(ge=bounds.least, le=bounds.most)),
            "value": show(outcome),
        }
        self.context.error("L0237", node.span, values, helps=helps, fixes=fixes, severity=Severity.WARNING)

    def _mismatch(self, operator: str, node: syntax.Expression, parts: Sequence[Part]) -> Unresolved:
        """Report an operator between what it doesn't take, as it is done for plain values."""
        sorts = [sort_text(part.sort) for part in parts]
        labels = tuple(Label(part.node.span, sort) for part, sort in zip(parts, sorts, strict=True))
        if len(parts) == 2 and operator not in FUNCTIONS:
            values = {"operator": operator, "left": sorts[0], "right": sorts[1]}
            return self.context.error("L0309", parts[1].node.span, values, label=sorts[1], labels=labels[:1])
        return self.context.error("L0310", node.span, {"operator": operator, "given": sorts[0]}, labels=labels)
