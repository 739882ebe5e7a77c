"""What to say of a name that means nothing where it stands."""

from __future__ import annotations

from .. import syntax
from ..describe import describe
from ..diagnostics.model import Fix, Label, Text
from ..functions import FUNCTIONS
from ..modules import COMMAND_LINE
from ..source import Span
from ..suggest import Suggestion, suggest
from ..types import Anything, Artifact, Boolean, ComponentOf, Nothing, TaskOf, Type, Word
from ..types import Text as TextType
from .base import UNRESOLVED, Binding, Context, Unresolved, Wanted
from .bindings import declared, kind_of
from .build import given, of_another_kind, wanted_kinds
from .fit import in_brackets

_FOREIGN = {
    **dict.fromkeys(("true", "yes", "on"), "true"),
    **dict.fromkeys(("false", "no", "off"), "false"),
    **dict.fromkeys(("none", "null", "nil", "undefined"), "none"),
}
_TAKES: dict[str, tuple[type[Type], type[Type]]] = {
    "true": (Boolean, Anything),
    "false": (Boolean, Anything),
    "none": (Nothing, Anything),
}


def unknown(context: Context, node: syntax.Path, wanted: Wanted) -> Unresolved:
    """Report a name that stands for nothing that could be meant here."""
    written = str(node)
    if (expect := context.module.expects.get(written)) is not None:
        labels = (Label(expect.name.span, Text("label.declared", {"name": written})),)
        return context.error("L0236", node.span, {"name": written}, labels=labels)
    kinds = wanted_kinds(context, wanted)
    other = of_another_kind(context, written, kinds)
    if other is not None:
        return not_wanted(context, node, node, other.kind, wanted)
    words = [word for option in wanted.options if isinstance(option, Word) for word in option.words]
    components = [name for kind in kinds for name in context.catalogue.components(kind)]
    literals = [word for word, (type_, _) in _TAKES.items() if any(isinstance(o, type_) for o in wanted.options)]
    own = [name for name, binding in context.bindings.items() if could_fit(context, binding, wanted)]
    if len(node.segments) > 1:
        own += context.module.imports
    span, helps, fixes = _meant(context, node, wanted, own, [*words, *literals], components)
    if context.module.headless and not fixes:
        return UNRESOLVED
    if not helps and len(node.segments) == 1 and any(isinstance(o, TextType | Anything) for o in wanted.options):
        key = "L0201.shell" if node.span.source.name == COMMAND_LINE else "L0201.quotes"
        helps = (Text(key, {"name": written}),)
    label = Text("L0201.label", {"slot": wanted.slot, "wanted": describe(wanted.type)})
    sorts = {type(option) for option in wanted.options} - {Nothing}
    if sorts == {Word}:
        values = {"slot": wanted.slot, "word": written}
        notes = (Text("L0210.words", {"words": words}),)
        return context.error("L0210", span, values, helps=helps, notes=notes, fixes=fixes)
    known: tuple[Text, ...] = ()
    if len(kinds) == 1 and components and not helps:
        known = (Text("L0207.known", {"kind": kinds[0], "names": components}),)
    if sorts == {ComponentOf} and len(kinds) == 1:
        values = {"kind": kinds[0], "name": written}
        return context.error("L0207", span, values, label=label, helps=helps, notes=known, fixes=fixes)
    return context.error("L0201", span, {"name": span.text}, label=label, helps=helps, notes=known, fixes=fixes)


def _meant(
    context: Context, node: syntax.Path, wanted: Wanted, own: list[str], words: list[str], components: list[str]
) -> tuple[Span, tuple[Text, ...], tuple[Fix, ...]]:
    """Give the part of a path that is unknown, and what may have been meant."""
    head = node.segments[0]
    if len(node.segments) == 1:
        foreign = _foreign(node, wanted)
        return node.span, *(foreign or suggest(head.name, [*own, *words, *components], node.span))
    helps, fixes = suggest(str(node), components, node.span)
    if helps:
        return node.span, helps, fixes
    helps, fixes = suggest(head.name, own, head.span)
    if helps or any(use.prefix == head.name for use in context.module.uses):
        return head.span if helps else node.span, helps, fixes
    if of_another_kind(context, head.name, ()) is None:
        helps = (Text("L0201.use", {"name": head.name}),)
    return head.span, helps, fixes


def _foreign(node: syntax.Path, wanted: Wanted) -> Suggestion | None:
    """Help with what other languages call `true`, `false` and `none`, where that is wanted."""
    written = node.segments[0].name
    meant = _FOREIGN.get(written.casefold())
    if meant is None or not any(isinstance(option, _TAKES[meant]) for option in wanted.options):
        return None
    # What Python, JSON and YAML write so is no other name; a yes or an on may be.
    certain = written.casefold() in ("true", "false", "none", "null")
    return (Text("help.write", {"text": meant}),), (Fix(node.span, meant, certain),)


def not_wanted(context: Context, whole: syntax.Expression, node: syntax.Path, kind: str, wanted: Wanted) -> Unresolved:
    """Report a component that stands where none of its kind may."""
    values = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": str(node), "given": given(context, kind)}
    # What a let or param can't hold gets its name from a declaration.
    declares = any(isinstance(option, Anything) for option in wanted.options)
    if declares:
        return context.error("L0403", node.span, values, helps=(Text("L0403.declare", {"kind": kind}),))
    helps, fixes = in_brackets(whole, wanted, lambda item: isinstance(item, ComponentOf) and item.kind == kind)
    return context.error("L0403", node.span, values, helps=helps, fixes=fixes)


def unknown_call(context: Context, node: syntax.Call, name: str, wanted: Wanted) -> Unresolved:
    """Report a call of something that can't be called here."""
    span = node.path.span
    place = {"slot": wanted.slot, "wanted": describe(wanted.type), "name": name}
    kinds = wanted_kinds(context, wanted)
    other = of_another_kind(context, name, kinds)
    if other is not None:
        return not_wanted(context, node, node.path, other.kind, wanted)
    binding, _ = declared(context, node.path)
    if binding is not None and not isinstance(binding.statement, syntax.Import):
        labels = (Label(binding.span, Text("label.declared", {"name": name})),)
        help_ = Text("L0211.help", {"name": name})
        return context.error("L0211", span, {"name": name}, labels=labels, helps=(help_,), fixes=_variant(node))
    components = [known for kind in kinds for known in context.catalogue.components(kind)]
    helps, fixes = suggest(name, components if kinds else FUNCTIONS, span)
    near = bool(helps)
    if not near and len(node.path.segments) > 1:
        helps = (Text("L0201.use", {"name": node.path.segments[0].name}),)
    if not kinds:
        return context.error("L0212", span, place, helps=helps, fixes=fixes)
    if len(kinds) == 1:
        place["kind"] = kinds[0]
        notes = (Text("L0207.known", {"kind": kinds[0], "names": components}),) if not near and components else ()
        return context.error("L0207", span, place, helps=helps, notes=notes, fixes=fixes)
    return context.error("L0208", span, place, helps=helps, fixes=fixes)


def _variant(node: syntax.Call) -> tuple[Fix, ...]:
    """Give the fix of `name { … }` that was meant as a variant."""
    if node.block is None or node.positional or node.named:
        return ()
    return (Fix(Span(node.span.source, node.path.span.end, node.block.span.start), " with ", certain=False),)


def could_fit(context: Context, binding: Binding, wanted: Wanted) -> bool:
    """Tell whether a name might be meant, by its sort alone: nothing is evaluated for a suggestion."""
    if isinstance(binding.statement, syntax.Import):
        return False
    kind = kind_of(context, binding)
    for option in wanted.options:
        if kind is None:
            if not isinstance(option, ComponentOf | Artifact | TaskOf | Word | Nothing):
                return True
        elif isinstance(option, ComponentOf):
            if option.kind == kind:
                return True
        elif isinstance(option, Artifact | TaskOf) and context.is_task(kind):
            return True
    return False
