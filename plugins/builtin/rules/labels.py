"""What the first rows of the files, or all of small ones, say of labels and tags before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

from ....dsl.diagnostics.model import Text
from ....dsl.program import Program
from ....dsl.record import Record
from ...baddata import line, row, shortened
from ...component import references
from ...findings import Findings
from ...provenance import Portion
from ...tasks import DataTask, Evaluation, Stage
from ...values import Objective
from ..data.reader import Reader
from ..data.reader import Record as Row
from ..encoding.labels import list_of
from ..encoding.text import shown
from ..objective.classification import Classification

O = TypeVar("O", bound=Objective)  # noqa: E741

_ENOUGH = 20
"""Rows from which on it is no chance that nearly each has a label of its own."""
_NEARLY = 0.9
_NEARLY_ALL = 0.95
"""Beyond it, one who always says the commonest label is right so often that little else is learned."""


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


def one_label(program: Program, findings: Findings) -> None:
    """L0512, L0930: all rows to learn from have the same label, or nearly all."""
    for stage in findings.every(Stage):
        objective = stage.described_objective()
        if not isinstance(objective, Classification) or objective.multi_label:
            continue
        portions = _learned(findings, stage)
        found = _labels(portions, program, multi_label=False)
        if not found:
            continue
        count = sum(one.count for one in found.values())
        label, most = max(found.items(), key=lambda item: item[1].count)
        values = {"label": shown(label), "count": most.count, "rows": count, "file": most.file}
        if len(found) == 1 and count > 1:
            findings.error(stage, "data", "L0512.check", values, help="L0512.help")
        elif objective.class_weights is None and count >= _ENOUGH and most.count > _NEARLY_ALL * count:
            # What chooses among the rows may have left out most of these.
            steps = [step for portion in portions for step in portion.way if step.further is not None]
            if not any(isinstance(step.task, DataTask) and step.task.selects for step in steps):
                findings.warning(stage, "objective", "L0930", values | {"share": f"{most.count / count:.1%}"})


def unknown_labels(program: Program, findings: Findings) -> None:
    """L0513: rows to select by or to measure on, all of a file, with a label that no row to learn from has."""
    for stage in findings.every(Stage):
        objective = stage.described_objective()
        if not isinstance(objective, Classification):
            continue
        known = _labels(_learned(findings, stage), program, objective.multi_label)
        measured = [one for one in findings.every(Evaluation) if any(r.task is stage for r in references(one))]
        for task in (stage, *measured) if known else ():
            for use in findings.lineage.uses(task, "select", "measure"):
                # Of what was divided or chosen from, the row may not be there.
                there = _labels([one for one in use.portions if not one.parts], program, objective.multi_label)
                label = next((one for one in there if one not in known), None)
                if label is not None:
                    values = {
                        "where": there[label].place,
                        "label": shown(label),
                        "known": ", ".join(map(shown, [*known][:10])),
                    }
                    findings.error(task, use.rows.field, "L0513.check", values, help="L0513.help")


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


def _learned(findings: Findings, stage: Stage) -> list[Portion]:
    """Give the portions of data that a stage learns from."""
    return [portion for use in findings.lineage.uses(stage, "train") for portion in use.portions]


class _Label(Record, eq=False):
    """A label in some files: in how many rows, and where first."""

    count: int
    file: str
    place: Text


def _labels(portions: Iterable[Portion], program: Program, multi_label: bool) -> dict[str, _Label]:
    """Give the labels of all rows of the files behind some portions; none if these can't all be read at check."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[str, Text]] = {}
    for task in {id(one.way.last.task): one.way.last.task for one in portions}.values():
        files = task.whole(program.root) if isinstance(task, Reader) else None
        if files is None:
            return {}
        for name, rows in files:
            for number, record in enumerate(rows, 1):
                label = record.get("label")
                several = list_of(label) if multi_label else [label]
                for each in map(str, several or ()) if label is not None else ():
                    counts[each] += 1
                    if each not in first:
                        first[each] = name, row(name, number)
    return {label: _Label(count, *first[label]) for label, count in counts.items()}


def _place(name: str, record: Row, number: int, word: int) -> Text:
    start = record.get("line")
    return row(name, number) if start is None else line(name, int(start) + word)
