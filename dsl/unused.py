"""Names that nothing uses: probably a mistake, so a warning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from . import syntax
from .catalogue import Catalogue
from .diagnostics.model import Diagnostic, Severity, Text
from .modules import Module, mentioned, reached
from .program import Program
from .record import Record
from .source import Span


def unused(module: Module, catalogue: Catalogue, given: Mapping[str, syntax.Expression]) -> list[Diagnostic]:
    """Warn of params, lets and imports that nothing mentions, and of declarations that nothing to be run needs."""
    mentions = dict(module.mentions)
    for name, expression in given.items():
        mentions[name] |= mentioned(expression)
    declarations = [node for node in module.names.values() if isinstance(node, syntax.Declaration)]
    finals = [node for node in declarations if _is_final(node, catalogue)]
    if not finals and not module.expects:
        return []
    outside = module.experiment_mentions.union(*(mentioned(expect.value) for expect in module.expects.values()))
    needed = reached([*(node.name.name for node in finals), *outside], mentions)
    everywhere = set(outside).union(*mentions.values())
    found = []
    for name, node in module.names.items():
        if isinstance(node, syntax.Declaration):
            if name not in needed and node.kind.name in catalogue.kinds:
                found.append(_warning("L0904", node.name, {"kind": node.kind.name, "name": name}))
        elif name not in everywhere:
            code = {syntax.Param: "L0902", syntax.Let: "L0903", syntax.Import: "L0260"}[type(node)]
            found.append(_warning(code, node.name, {"name": name}))
    return [*unused_distributions(module, given), *found]


def unused_distributions(module: Module, given: Mapping[str, syntax.Expression]) -> list[Diagnostic]:
    """Warn of distributions of which nothing is named, and which do nothing without."""
    idle = [used for used in module.uses if used.prefix and not used.acts]
    if not idle:
        return []
    named = set(_heads([*module.names.values(), *module.expects.values(), module.experiment, *given.values()]))
    found = []
    for used in idle:
        if used.prefix not in named:
            values = {"distribution": used.name, "prefix": used.prefix}
            helps = (Text("L0929.help", values),)
            found.append(Diagnostic("L0929", Text("L0929", values), used.span, Severity.WARNING, helps=helps))
    return found


def _heads(nodes: Iterable[object]) -> Iterator[str]:
    """Give the first name of every path below some nodes, those of what is called included."""
    stack = list(nodes)
    while stack:
        match stack.pop():
            case syntax.Path(segments=segments):
                yield segments[0].name
            case Span() | None:
                pass
            case Record() as record:
                stack.extend(getattr(record, name) for name in record.__match_args__)
            case tuple() | list() as items:
                stack.extend(items)


def nothing_to_run(program: Program) -> list[Diagnostic]:
    """Warn of a program without a task that a run is for."""
    if program.final or program.expects:
        return []
    return [Diagnostic("L0905", Text("L0905", {"path": program.source.name}), None, Severity.WARNING)]


def _is_final(node: syntax.Declaration, catalogue: Catalogue) -> bool:
    kind = catalogue.kinds.get(node.kind.name)
    return kind is not None and kind.final


def _warning(code: str, name: syntax.Segment, values: Mapping[str, object]) -> Diagnostic:
    return Diagnostic(code, Text(code, values), name.span, Severity.WARNING)
