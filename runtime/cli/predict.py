"""`llx predict FILE STAGE [TEXT…]`: let a trained stage label texts."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import options, output


@click.command(
    epilog="Without texts, each line of the standard input is one. STAGE may name a checkpoint: classify.last. "
    "Where a stage reads more than one column, each text is a JSON object with these columns."
)
@options.traceback
@options.file
@click.argument("stage", shell_complete=options.complete_names)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A param of the file.")
@options.store
@options.as_json
def command(
    file: Path, stage: str, texts: tuple[str, ...], params: tuple[str, ...], store: Path | None, as_json: bool
) -> int:
    from ...dsl.diagnostics.words import visible
    from ...plugins.component import TaskFailed
    from .trained import open_trained, show_failure

    given = list(texts) or [line.rstrip("\r\n") for line in sys.stdin]
    if not given:
        return 0
    trained = open_trained(file, params, stage, store)
    from ..training.predict import predict

    try:
        trained.must_give("label")
        records = trained.records(given)
        predictions, facts = predict(trained.checkpoint, records, trained.work)
    except TaskFailed as error:
        return show_failure(error)
    labels = facts["labels"]
    rows = []
    for text, record, prediction in zip(given, records, predictions, strict=True):
        scores = {str(label): score for label, score in zip(labels, prediction["scores"], strict=True)}
        label = labels[prediction["prediction"]]
        if as_json:
            import json

            click.echo(json.dumps({**record, "prediction": label, "scores": scores}, ensure_ascii=False))
        else:
            score = scores[str(label)]
            rows.append([output.style(str(label), bold=True), f"{score:.1%}", visible(" ".join(text.split())[:60])])
    if rows:
        click.echo(output.table(rows, indent=0, right=[1]))
    return 0
