"""`llx generate FILE STAGE [PROMPT…]`: let a trained stage go on with texts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output

if TYPE_CHECKING:
    from ...plugins.registry import Registry
    from ...plugins.values import Decoding


@click.command(epilog="STAGE may name a checkpoint: pretrain.last. `llx components decoding` lists the decodings.")
@options.trained
@click.argument("prompts", nargs=-1, metavar="[PROMPT]...")
@click.option("--decoding", metavar="TEXT", help="How tokens are chosen, as a file would say it.")
@click.option("--seed", type=click.IntRange(min=0), help="Another seed than the file's.")
def command(
    file: Path,
    stage: str,
    prompts: tuple[str, ...],
    decoding: str | None,
    seed: int | None,
    params: tuple[str, ...],
    store: Path | None,
) -> int:
    from .trained import using

    given = prompts or ("",)
    with using(file, params, stage, store, gives="text") as trained:
        chosen = decoding_of(trained.registry, decoding)
        if seed is not None:
            trained.work.changed["seed"] = seed
        texts = trained.work.generate(trained.checkpoint, given, chosen)
    for index, (prompt, text) in enumerate(zip(given, texts, strict=True)):
        click.echo(("\n" if index else "") + output.style(shown(prompt), bold=True) + shown(text))
    return 0


def shown(text: str) -> str:
    """Give a text for stdout: as it is for a program, and without what would steer a terminal for people."""
    from ...dsl.diagnostics.words import visible

    return "\n".join(map(visible, text.split("\n"))) if sys.stdout.isatty() else text


def decoding_of(registry: Registry, written: str | None) -> Decoding:
    """Give the decoding that is written, or the one that is meant when none is."""
    from ...plugins.builtin.decoding import DEFAULT

    if written is None:
        return DEFAULT
    from ...dsl.check import check
    from ...dsl.source import Source

    # A file of one declaration: what may stand there, and what is wrong with it, is the language's to say.
    source = Source("--decoding", f"experiment generate {{}}\ndecoding chosen = {written}")
    found = check(source, registry, root=Path.cwd())
    if output.report([one for one in found.diagnostics if one.is_error]) or found.program is None:
        raise click.exceptions.Exit(1)
    value: Decoding = found.program.declarations["chosen"].value
    return value
