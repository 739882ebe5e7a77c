"""Puts the best trials of stored sweeps into a program: what waited for them becomes known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ..dsl.diagnostics.model import Diagnostic
from ..dsl.program import Program
from ..plugins.sweeps import Sweep
from .graph import Graph, build
from .store import Damaged, Store


class CannotChoose(Exception):
    """Raised when what waits for the best trial of a sweep can't be built on that trial."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(*(diagnostic.code for diagnostic in diagnostics))
        self.diagnostics = diagnostics


def settled(
    program: Program, store: Store, digest: Callable[[Path], str], names: Iterable[str] | None = None, *, retry: bool
) -> Graph:
    """Give the graph of a program in which every sweep that is stored has its best trial.

    With `retry` one of which trials failed has none: they are tried again, and may be better.

    Raises what `build` does, and CannotChoose.
    """
    wanted = None if names is None else tuple(names)
    winners: dict[str, int] = {}
    while True:
        graph = build(program, digest, wanted)
        found = _winners(graph, store, retry)
        if not found:
            return graph
        winners |= found
        assert program.again is not None, "the resolver made it"
        again, diagnostics = program.again(winners)
        if again is None:
            raise CannotChoose(diagnostics)
        program = again


def _winners(graph: Graph, store: Store, retry: bool) -> dict[str, int]:
    """Give the best trials of the sweeps that something waits for and that are stored."""
    found = {}
    for name in sorted(graph.awaits):
        declared = graph.program.declarations[name]
        if declared.awaits:
            continue
        node = graph.find(declared.value)
        try:
            artifact = store.find(node.fingerprint)
        except Damaged:
            continue
        if artifact is not None and isinstance(node.task, Sweep) and not (retry and artifact.lacking):
            found[name] = node.task.winner(artifact.facts)
    return found
