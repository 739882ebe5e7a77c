"""Names that nothing uses: probably a mistake, so a warning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import syntax
from .catalogue import Catalogue
from .diagnostics.model import Diagnostic, Severity, Text
from .modules import Module, mentioned
from .program import Program


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
    needed = _reached([*(node.name.name for node in finals), *outside], mentions)
    everywhere = set(outside).union(*mentions.values())
    found = []
    for name, node in module.names.items():
        if isinstance(node, syntax.Declaration):
            if name not in needed and node.kind.name in catalogue.kinds:
                found.append(_warning("L0904", node.name, {"kind": node.kind.name, "name": name}))
        elif name not in everywhere:
            code = {syntax.Param: "L0902", syntax.Let: "L0903", syntax.Import: "L0260"}[type(node)]
            found.append(_warning(code, node.name, {"name": name}))
    return found


def nothing_to_run(program: Program) -> list[Diagnostic]:
    """Warn of a program without a task that a run is for."""
    if program.final or program.expects:
        return []
    return [Diagnostic("L0905", Text("L0905", {"path": program.source.name}), None, Severity.WARNING)]


def _reached(start: Iterable[str], mentions: Mapping[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    stack = list(start)
    while stack:
        name = stack.pop()
        if name not in reached:
            reached.add(name)
            stack.extend(mentions.get(name, ()))
    return reached


def _is_final(node: syntax.Declaration, catalogue: Catalogue) -> bool:
    kind = catalogue.kinds.get(node.kind.name)
    return kind is not None and kind.final


def _warning(code: str, name: syntax.Segment, values: Mapping[str, object]) -> Diagnostic:
    return Diagnostic(code, Text(code, values), name.span, Severity.WARNING)
