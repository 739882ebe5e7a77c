"""`llx predict FILE STAGE [TEXT…]`: let a trained stage label texts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from . import options, output


@click.command(
    epilog="Without texts, each line of the standard input is one. STAGE may name a checkpoint: classify.last. "
    "Where a stage reads more than one column, each text is a JSON object with these columns."
)
@options.trained
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@options.as_json
def command(
    file: Path, stage: str, texts: tuple[str, ...], params: tuple[str, ...], store: Path | None, as_json: bool
) -> int:
    from ...dsl.diagnostics.words import visible
    from ..words import say
    from .trained import using

    given = list(texts) or [line.rstrip("\r\n") for line in sys.stdin]
    if not given:
        return 0
    with using(file, params, stage, store, gives="prediction") as trained:
        from ..training.predict import predict

        records = trained.records(given)
        predictions, facts = predict(trained.checkpoint, records, trained.work)
        predicts = trained.checkpoint.task.described_objective().predicts
    rows = []
    for text, record, prediction in zip(given, records, predictions, strict=True):
        told = predicts.told(prediction, facts)
        if as_json:
            import json

            click.echo(json.dumps({**record, **told}, ensure_ascii=False))
        else:
            for found, score in lines(told) or [(say("cli.no_answer"), "")]:
                shown = visible(" ".join(found.split())) or say("cli.no_answer")
                rows.append([output.style(shown, bold=True), score, visible(" ".join(text.split())[:60])])
    if rows:
        click.echo(output.table(rows, indent=0, right=[1]))
    return 0


def lines(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what was predicted of a record, and the score: a line for each of several labels, and for each span or word."""
    prediction = told["prediction"]
    if not isinstance(prediction, list):
        return [(str(prediction), f"{told['score']:.1%}" if "score" in told else "")]
    found = []
    for one in prediction:
        if isinstance(one, Mapping):
            place = f" [{one['start']}:{one['end']}]" if "start" in one else ""
            found.append((f"{one['label']}  {one['text']}{place}", f"{one['score']:.1%}"))
        else:
            found.append((str(one), f"{told['scores'][str(one)]:.1%}"))
    return found
