"""`llx graph FILE`: the tasks of an experiment and what each needs, as text, DOT or Mermaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ...dsl.program import Declared
    from ..graph import Graph, Node


@click.command(epilog="Example: llx graph reviews.llx --format dot | dot -Tsvg > reviews.svg")
@options.experiment
@click.option(
    "--format", "format_", type=click.Choice(["text", "dot", "mermaid"]), default="text", help="How it is drawn."
)
def command(file: Path, params: tuple[str, ...], format_: str) -> int:
    from ..face import check
    from ..graph import build

    checked = check(file, params=params)
    output.report(checked.diagnostics)
    if checked.program is None:
        return checked.exit_code
    # No digests: a drawing needs no file to be read.
    graph = build(checked.program, lambda path: "")
    click.echo({"text": text, "dot": dot, "mermaid": mermaid}[format_](graph))
    return 0


def text(graph: Graph) -> str:
    """List the tasks in an order in which they can run, each with what it needs and its doc comment.

    Those of trials are one line for each name; what waits for the best trial of a sweep comes last.
    """
    from ..trials import Group, grouped, named

    rows: list[list[str]] = []
    for one in grouped(graph.nodes, lambda node: node):
        nodes = one.items if isinstance(one, Group) else [one]
        needs = named(dict.fromkeys(needed for node in nodes for needed in node.needs))
        rows.append(_row(one.kind, "  " * nodes[0].depth + one.label, one.component, needs))
        rows += [] if isinstance(one, Group) else [_doc(line) for line in doc_of(graph, one)]
    for declared in graph.waiting:
        rows.append(_row(declared.kind, declared.name, declared.value.name, ", ".join(_awaited(declared))))
        rows += [_doc(line) for line in declared.doc.split("\n") if line]
    wide = [row for row in rows if len(row) > 2]
    lines = iter(output.table(wide).split("\n"))
    return "\n".join(next(lines) if len(row) > 2 else f"  {row[1]}" for row in rows)


def _row(kind: str, label: str, component: str, needs: str) -> list[str]:
    return [output.style(kind, dim=True), label, component, f"← {needs}" if needs else ""]


def _doc(line: str) -> list[str]:
    return ["", output.style(f"  ## {line}", dim=True)]


def _awaited(declared: Declared) -> list[str]:
    """Give what a declaration waits for: `search.best`."""
    return [f"{sweep}.best" for sweep in sorted(declared.awaits)]


def doc_of(graph: Graph, node: Node) -> list[str]:
    """Give the lines of the doc comments of a node's declarations."""
    declarations = graph.program.everything.values()
    docs = [declared.doc for declared in declarations if any(declared.value is task for task in node.tasks)]
    return [line for doc in docs if doc for line in doc.split("\n")]


def dot(graph: Graph) -> str:
    """Draw the graph for Graphviz."""
    lines = ["digraph llx {", "  rankdir = LR;", '  node [shape = box, style = rounded, fontname = "sans-serif"];']
    names = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node, name in names.items():
        style = ', style = "rounded,dashed"' if node.depth else ""
        lines.append(f"  {name} [label = {json.dumps(f'{node.kind} {node.label}', ensure_ascii=False)}{style}];")
    lines += [f"  {names[one]} -> {name};" for node, name in names.items() for one in node.needs]
    for number, declared in enumerate(graph.waiting):
        label = json.dumps(f"{declared.kind} {declared.name}", ensure_ascii=False)
        lines.append(f"  w{number} [label = {label}];")
        lines += [f"  {names[one]} -> w{number} [style = dashed];" for one in _sweeps(graph, declared) if one in names]
    return "\n".join([*lines, "}"])


def mermaid(graph: Graph) -> str:
    """Draw the graph for Mermaid, as Markdown pages show it."""
    lines = ["graph LR"]
    names = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node, name in names.items():
        label = f"{node.kind} {node.label}".replace('"', "#quot;")
        lines.append(f'  {name}(["{label}"])' if node.depth else f'  {name}["{label}"]')
    lines += [f"  {names[one]} --> {name}" for node, name in names.items() for one in node.needs]
    for number, declared in enumerate(graph.waiting):
        lines.append(f'  w{number}["{declared.kind} {declared.name}"]')
        lines += [f"  {names[one]} -.-> w{number}" for one in _sweeps(graph, declared) if one in names]
    return "\n".join(lines)


def _sweeps(graph: Graph, declared: Declared) -> list[Node]:
    """Give the nodes of the sweeps that a declaration waits for."""
    return [node for name in sorted(declared.awaits) if (node := graph.named(name)) is not None]
