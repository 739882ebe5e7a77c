"""What the first rows of the files say of labels and tags before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from ....dsl.diagnostics.model import Text
from ....dsl.program import Program
from ...baddata import line, row, shortened
from ...findings import Findings
from ...tasks import Stage
from ...values import Objective
from ..data.reader import Reader, Record
from ..encoding.labels import list_of
from ..encoding.text import shown
from ..objective.classification import Classification

O = TypeVar("O", bound=Objective)  # noqa: E741

_ENOUGH = 20
"""Rows from which on it is no chance that nearly each has a label of its own."""
_NEARLY = 0.9


def lists_of_labels(program: Program, findings: Findings) -> None:
    """L0751, L0752: lists where a record has one label, and no lists where it has several."""
    for stage, objective, reader in _read(findings, Classification):
        name, rows = reader.first(program.root)
        for number, record in enumerate(rows, 1):
            label = record.get("label")
            is_list = label is not None and label.startswith("[") and list_of(label) is not None
            if label is None or is_list == objective.multi_label:
                continue
            code = "L0751" if is_list else "L0752"
            values = {"where": row(name, number), "value": shortened(label if is_list else shown(label))}
            findings.error(stage, "objective", f"{code}.check", values, help=f"{code}.help")
            break


def labels_like_ids(program: Program, findings: Findings) -> None:
    """L0753: nearly each row has a label of its own."""
    for _, objective, reader in _read(findings, Classification):
        labels = [record.get("label") for record in reader.first(program.root)[1]]
        different = list(dict.fromkeys(labels))
        if not objective.multi_label and len(labels) >= _ENOUGH and len(different) >= _NEARLY * len(labels):
            examples = ", ".join(shortened(label) for label in different[:3])
            values = {"rows": len(labels), "labels": len(different), "examples": examples}
            findings.warning(reader, "label", "L0753", values)


def tags_that_mark_nothing(program: Program, findings: Findings) -> None:
    """L0759: a tag that can't stand where it does, with its line."""
    if not any("tags" in objective.reads() for objective in findings.every(Objective)):
        return
    # Making their classes takes some milliseconds of a check, which most files need not spend.
    from ..objective.token_classification import TokenClassification
    from ..tags import fault

    for stage, objective, reader in _read(findings, TokenClassification):
        name, rows = reader.first(program.root)
        for number, record in enumerate(rows, 1):
            words, tags = list_of(record.get("tokens")), list_of(record.get("tags"))
            wrong = None if words is None or tags is None else fault([str(tag) for tag in tags], objective.scheme)
            if wrong is None or words is None or tags is None:
                continue
            before = tags[wrong - 1] if wrong else None
            values = {"where": _place(name, record, number, wrong), "tag": shown(tags[wrong])}
            values |= {"word": shown(words[wrong]), "before": shown(before)}
            findings.error(stage, "data", "L0759.check", values, help="L0759.help")
            break


def _read(findings: Findings, base: type[O]) -> Iterator[tuple[Stage, O, Reader]]:
    """Give each stage that learns by an objective, with each reader of the rows that it learns from."""
    for stage in findings.every(Stage):
        objective = stage.described_objective()
        if not isinstance(objective, base):
            continue
        found = {id(p.way.last.task): p.way.last.task for use in findings.lineage.uses(stage) for p in use.portions}
        for task in found.values():
            if isinstance(task, Reader):
                yield stage, objective, task


def _place(name: str, record: Record, number: int, word: int) -> Text:
    start = record.get("line")
    return row(name, number) if start is None else line(name, int(start) + word)
