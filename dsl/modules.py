"""From a syntax tree to a module: what a file binds to which names, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from . import syntax
from .catalogue import REQUIREMENTS, Catalogue
from .diagnostics.model import Diagnostic, Label, Text
from .problems import from_problem
from .program import UsedDistribution
from .record import Record, replace
from .source import Source, Span
from .tokens import STATEMENT_WORDS

COMMAND_LINE = "<command line>"
"""The name of sources that hold values for params from outside."""

Named = syntax.Param | syntax.Let | syntax.Declaration | syntax.Import


class Imported(Record, eq=False):
    """A file that another one imports: its module, and the catalogue with what that file uses."""

    module: Module
    catalogue: Catalogue


class Module(Record, eq=False):
    """A file's statements by sort, each name bound once.

    `lost` are names that something unreadable would have bound: nothing is to be said of their use.
    """

    source: Source
    experiment: syntax.Experiment | None
    names: dict[str, Named]
    uses: tuple[UsedDistribution, ...]
    lost: frozenset[str]
    broken: bool
    """Whether something in the file could not be read, so that "nothing uses it" can't be said."""
    mentions: Mapping[str, frozenset[str]] = {}
    """Name -> the names of the module that its statement mentions."""
    experiment_mentions: frozenset[str] = frozenset()
    expects: Mapping[str, syntax.Expect] = {}
    imports: Mapping[str, Imported] = {}
    """What the imports of `names` lead to."""
    headless: bool = False
    """Whether the head of a block, or the name in it, is missing: an unknown name may be the one that it declared."""
    again: Mapping[str, Sequence[Named]] = {}
    """Name -> the further statements that declare it, which is a mistake: what a use of it means isn't known."""


def module(tree: syntax.SyntaxTree, catalogue: Catalogue) -> tuple[Module, list[Diagnostic]]:
    """Bind the names of a file, and make the distributions that it uses visible in the catalogue."""
    diagnostics: list[Diagnostic] = []
    names: dict[str, Named] = {}
    taken: dict[str, syntax.Segment] = {}
    lost = set(tree.lost)
    expects: dict[str, syntax.Expect] = {}
    again: dict[str, list[Named]] = {}
    experiment: syntax.Experiment | None = None
    for statement in tree.statements:
        match statement:
            case syntax.Experiment():
                if experiment is None:
                    experiment = statement
                else:
                    diagnostics.append(_twice("L0221", statement.name, experiment.name))
            case syntax.Param() | syntax.Let() | syntax.Declaration() | syntax.Import() | syntax.Expect():
                name = statement.name
                if name.name in taken:
                    diagnostics.append(_twice("L0204", name, taken[name.name]))
                    if not isinstance(statement, syntax.Expect | syntax.Import):
                        again.setdefault(name.name, []).append(statement)
                    continue
                taken[name.name] = name
                if isinstance(statement, syntax.Expect):
                    expects[name.name] = statement
                else:
                    names[name.name] = statement
    uses = tuple(_uses(tree, catalogue, taken, lost, diagnostics))
    headless = tree.headless or any(word in catalogue.kinds or word in STATEMENT_WORDS for word in tree.nameless)
    known = names.keys()
    values = frozenset(name for name, statement in names.items() if _is_value(statement, catalogue))
    built = Module(
        tree.source,
        experiment,
        names,
        uses,
        frozenset(lost),
        bool(tree.lost) or headless,
        {
            name: (mentioned(expression := expression_of(statement)) & known) | (keys(expression) & values)
            for name, statement in names.items()
        },
        mentioned(experiment.block) & known if experiment else frozenset(),
        expects=expects,
        headless=headless,
        again=again,
    )
    return built, diagnostics


def names_missing(found: Iterable[Diagnostic], catalogue: Catalogue) -> list[Diagnostic]:
    """Say that `stage = train {` lacks its name, and where it goes: a parser, which knows no kinds, says "a kind or a name"."""
    return [_name_missing(one, catalogue) for one in found]


def _name_missing(one: Diagnostic, catalogue: Catalogue) -> Diagnostic:
    text = one.helps[0] if one.helps else None
    if text is None or text.key != "L0101.kind" or text.values["name"] not in catalogue.kinds or one.fixes:
        return one
    assert one.span is not None
    kind, line = str(text.values["name"]), one.span.source.text[: one.span.start]
    at = len(line.rstrip())
    return replace(one, span=Span(one.span.source, at, at), helps=(Text("L0101.name", {"kind": kind}),))


def _uses(
    tree: syntax.SyntaxTree,
    catalogue: Catalogue,
    taken: dict[str, syntax.Segment],
    lost: set[str],
    diagnostics: list[Diagnostic],
) -> Iterator[UsedDistribution]:
    seen: dict[str, syntax.Segment] = {}
    prefixes: dict[str, syntax.Segment] = {}
    for statement in tree.statements:
        if not isinstance(statement, syntax.Use):
            continue
        name = statement.distribution
        if name.name in seen:
            diagnostics.append(_twice("L0703", name, seen[name.name]))
            continue
        seen[name.name] = name
        requirements = [(requirement.operator, requirement.version) for requirement in statement.requirements]
        alias = statement.alias.name if statement.alias else None
        used = catalogue.use(name.name, requirements, alias)
        place = statement.alias or name
        if used.problem is not None:
            span = name.span
            if statement.requirements and used.problem.field == REQUIREMENTS:
                span = statement.requirements[0].span.to(statement.requirements[-1].span)
            diagnostics.append(from_problem(used.problem, span))
        if used.prefix is None and used.problem is None and used.version is not None:
            # Such a `use` only pins a version.
            yield UsedDistribution(name.name, "", used.version, statement.span)
            continue
        if used.prefix is None or used.version is None:
            # Its components are unknown now: nothing is to be said of what is named under it.
            lost.add(used.prefix or alias or name.name.removeprefix("llx-").replace("-", "_"))
            continue
        if used.prefix in taken:
            clash = _clash("L0702", place, used.prefix, taken[used.prefix])
            diagnostics.append(replace(clash, helps=(Text("L0702.help", {"distribution": name.name}),)))
        elif used.prefix in prefixes:
            diagnostics.append(_clash("L0704", place, used.prefix, prefixes[used.prefix]))
        prefixes[used.prefix] = place
        yield UsedDistribution(name.name, used.prefix, used.version, statement.span, used.acts)


def expression_of(statement: Named | syntax.Expect) -> syntax.Expression | None:
    """Give the expression in which a statement mentions other names."""
    return statement.block if isinstance(statement, syntax.Import) else statement.value


def mentioned(node: object) -> frozenset[str]:
    """Give the first names of all paths in an expression, those of what is called left out."""
    return frozenset(path.segments[0].name for path in mentions(node))


def mentions(node: object) -> Iterator[syntax.Path]:
    """Give all paths in an expression, those of what is called left out, in no order."""
    stack = [node]
    while stack:
        match stack.pop():
            case syntax.Path() as path:
                yield path
            case syntax.String(parts=parts):
                stack.extend(part for part in parts if isinstance(part, syntax.Path))
            case syntax.Block(entries=entries):
                stack.extend(entry.value for entry in entries)
            case syntax.Call() as call:
                stack.extend(call.positional)
                stack.extend(entry.value for entry in call.entries)
            case syntax.Pipe(value=value, call=call):
                # A path behind `|>` is a call without arguments.
                stack.extend((value, call) if isinstance(call, syntax.Call) else (value,))
            case syntax.With(base=base, block=block):
                stack.extend((base, block))
            case syntax.List(items=items):
                stack.extend(items)
            case syntax.Unary(operand=operand):
                stack.append(operand)
            case syntax.Binary(left=left, right=right):
                stack.extend((left, right))
            case syntax.Conditional(condition=condition, then=then, otherwise=otherwise):
                stack.extend((condition, then, otherwise))


def keys(node: object) -> frozenset[str]:
    """Give the keys in an expression: some may be the names of components, which the components decide (`Keyed`)."""
    found: set[str] = set()
    stack = [node]
    while stack:
        match stack.pop():
            case syntax.Entry(key=key, value=value):
                found.add(key[-1].name)
                stack.append(value)
            case Span() | None:
                pass
            case Record() as record:
                stack.extend(getattr(record, name) for name in record.__match_args__)
            case tuple() as parts:
                stack.extend(parts)
    return frozenset(found)


def _is_value(statement: Named, catalogue: Catalogue) -> bool:
    """Tell whether a statement declares a component that is no task."""
    kind = catalogue.kinds.get(statement.kind.name) if isinstance(statement, syntax.Declaration) else None
    return kind is not None and not kind.is_task


def reached(start: Iterable[str], mentions: Mapping[str, frozenset[str]]) -> set[str]:
    """Give all names that some names lead to by what is mentioned, themselves included."""
    found: set[str] = set()
    stack = list(start)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(mentions.get(name, ()))
    return found


def _twice(code: str, second: syntax.Segment, first: syntax.Segment) -> Diagnostic:
    return _clash(code, second, second.name, first)


def _clash(code: str, second: syntax.Segment, name: str, first: syntax.Segment) -> Diagnostic:
    return Diagnostic(
        code,
        Text(code, {"name": name}),
        second.span,
        label=Text(f"{code}.label"),
        labels=(Label(first.span, Text("label.first", {"name": first.name})),),
    )
