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
@options.trained
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@options.as_json
def command(
    file: Path, stage: str, texts: tuple[str, ...], params: tuple[str, ...], store: Path | None, as_json: bool
) -> int:
    from ...dsl.diagnostics.words import visible
    from .trained import using

    given = list(texts) or [line.rstrip("\r\n") for line in sys.stdin]
    if not given:
        return 0
    with using(file, params, stage, store, gives="label") as trained:
        from ..training.predict import predict

        records = trained.records(given)
        predictions, facts = predict(trained.checkpoint, records, trained.work)
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
