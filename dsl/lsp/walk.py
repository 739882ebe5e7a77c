"""Walk a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator

from .. import syntax


def children(node: syntax.Node) -> tuple[syntax.Node, ...]:
    """Give the expressions and entries within a node, in the order of the text; names are no nodes of their own."""
    match node:
        case syntax.Experiment(block=block):
            return (block,)
        case syntax.Import(path=path, block=block):
            return (path, block) if block else (path,)
        case syntax.Param() | syntax.Let() | syntax.Expect() | syntax.Declaration() | syntax.Entry():
            return (node.value,)
        case syntax.String(parts=parts):
            return tuple(part for part in parts if isinstance(part, syntax.Path))
        case syntax.Block(entries=entries):
            return entries
        case syntax.Call(path=path, positional=positional, named=named, block=block):
            arguments = sorted((*positional, *named), key=lambda one: one.span.start)
            return (path, *arguments, block) if block else (path, *arguments)
        case syntax.Pipe(value=value, call=call):
            return (value, call)
        case syntax.With(base=base, block=block):
            return (base, block)
        case syntax.List(items=items):
            return items
        case syntax.Unary(operand=operand):
            return (operand,)
        case syntax.Binary(left=left, right=right):
            return (left, right)
        case syntax.Conditional(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
    return ()


def walk(start: syntax.SyntaxTree | syntax.Node) -> Iterator[syntax.Node]:
    """Give all nodes, each before those within it, in the order of the text."""
    stack: list[syntax.Node] = [*reversed(start.statements)] if isinstance(start, syntax.SyntaxTree) else [start]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def around(tree: syntax.SyntaxTree, offset: int) -> list[syntax.Node]:
    """Give the nodes that an offset lies in or touches, the outermost first."""
    found: list[syntax.Node] = []
    level: tuple[syntax.Node, ...] = tree.statements
    while True:
        # Where two nodes touch, the one that begins here is meant.
        inner = [node for node in level if node.span.start <= offset <= node.span.end]
        if not inner:
            return found
        found.append(inner[-1])
        level = children(inner[-1])


def called_paths(tree: syntax.SyntaxTree) -> set[int]:
    """Give the ids of paths that are called: components and functions, never names of the file."""
    found: set[int] = set()
    for node in walk(tree):
        if isinstance(node, syntax.Call):
            found.add(id(node.path))
        elif isinstance(node, syntax.Pipe) and isinstance(node.call, syntax.Path):
            found.add(id(node.call))
    return found
