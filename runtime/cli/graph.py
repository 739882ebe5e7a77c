"""`llx graph FILE`: the tasks of an experiment and what each needs, as text, DOT or Mermaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
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
    """List the tasks in an order in which they can run, each with what it needs and its doc comment."""
    rows: list[list[str]] = []
    for node in graph.nodes:
        needs = ", ".join(one.label for one in node.needs)
        arrow = f"← {needs}" if needs else ""
        rows.append([output.style(node.kind, dim=True), "  " * node.depth + node.label, node.component, arrow])
        rows += [["", output.style(f"  ## {line}", dim=True)] for line in doc_of(graph, node)]
    wide = [row for row in rows if len(row) > 2]
    lines = iter(output.table(wide).split("\n"))
    return "\n".join(next(lines) if len(row) > 2 else f"  {row[1]}" for row in rows)


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
    return "\n".join([*lines, "}"])


def mermaid(graph: Graph) -> str:
    """Draw the graph for Mermaid, as Markdown pages show it."""
    lines = ["graph LR"]
    names = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node, name in names.items():
        label = f"{node.kind} {node.label}".replace('"', "#quot;")
        lines.append(f'  {name}(["{label}"])' if node.depth else f'  {name}["{label}"]')
    lines += [f"  {names[one]} --> {name}" for node, name in names.items() for one in node.needs]
    return "\n".join(lines)
