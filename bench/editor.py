"""How long the editor's diagnostics take after a keystroke, in CPU time.

    python bench/editor.py [rounds] [--profile]

The file has 500 dense lines: eight copies of the quickstart, each with names of its own, without blank lines and
comments, beside the quickstart's data. A keystroke changes one value; the process is warm, as an editor's server is.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, verdict
from llx.dsl import syntax
from llx.dsl.lsp.documents import Documents
from llx.dsl.parser import parse
from llx.dsl.source import Source
from llx.plugins.registry import Registry

COPIES = 8
GOAL_MS = 100.0


def dense(text: str) -> str:
    """Leave out what is no code."""
    return "".join(line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#"))


def renamed(text: str, suffix: str) -> str:
    """Give every declaration another name, wherever it is declared and used."""
    source = Source("file", text)
    tree, _ = parse(source)
    named = [one.name for one in tree.statements if isinstance(one, syntax.Param | syntax.Declaration | syntax.Expect)]
    places = {name.span.start for name in named}
    stack: list[object] = list(tree.statements)
    while stack:
        node = stack.pop()
        if isinstance(node, syntax.Path) and node.segments[0].name in {name.name for name in named}:
            places.add(node.segments[0].span.start)
        elif isinstance(node, tuple):
            stack.extend(node)
        elif isinstance(node, syntax.Node):
            stack.extend(vars(node).values())
    for start in sorted(places, reverse=True):
        end = start + len(re.match(r"\w+", text[start:])[0])  # type: ignore[index]
        text = text[:end] + suffix + text[end:]
    return text


def text_of_500_lines() -> str:
    """Join the copies; a file has one experiment, and one seed."""
    whole = dense((ROOT / "examples" / "quickstart.llx").read_text(encoding="utf-8"))
    copies = [renamed(whole, f"_{n}") for n in range(COPIES)]
    return copies[0] + "".join(copy[copy.index("data books") :] for copy in copies[1:])


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("rounds", nargs="?", type=int, default=20)
    arguments.add_argument("--profile", action="store_true", help="show what the time goes to")
    options = arguments.parse_args()
    text = text_of_500_lines()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(ROOT / "examples" / "data", place / "data")
        (place / "llx.lock").touch()
        uri = (place / "long.llx").as_uri()
        documents = Documents(Registry)
        written = list(re.finditer("hidden_size    = 128", text))[COPIES // 2]
        before, after = text[: written.start()], text[written.end() :]

        def keystroke(value: int) -> float:
            edited = before + f"hidden_size    = {value}" + after
            document = documents.set(uri, edited, value, "utf-16")
            start = time.process_time()
            document.analysis = documents.analyse(document, document.source)
            took = (time.process_time() - start) * 1000
            assert not document.analysis.diagnostics, document.analysis.diagnostics[0]
            return took

        for n in range(3):
            keystroke(8 * n + 8)
        if options.profile:
            _profile(keystroke)
        times = [keystroke(8 * n + 72) for n in range(options.rounds)]
        documents.stop()
    print(f"{text.count(chr(10))} lines: {min(times):.1f} to {max(times):.1f} ms")
    return 0 if verdict("diagnostics after a keystroke, ms", statistics.median(times), GOAL_MS, at_most=True) else 1


def _profile(keystroke) -> None:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    for n in range(5):
        keystroke(8 * n + 32)
    profile.disable()
    pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(70)
    pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    raise SystemExit(main())
