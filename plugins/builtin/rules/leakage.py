"""Data leakage: what is measured must not have been learned from, nor chosen by."""

from __future__ import annotations

from ....dsl.program import Program
from ...component import Task
from ...derived import Purpose
from ...findings import Also, Findings
from ...lineage import Used, is_test
from ...provenance import Portion, Step
from ...tasks import DataTask
from .ways import files_of, way


def trained_on_test_rows(program: Program, findings: Findings) -> None:
    """L0580: a stage trains on rows of a test split."""
    for task in findings.every(Task):
        _report_test_rows(findings, task, "train", "L0580")


def chosen_by_test_rows(program: Program, findings: Findings) -> None:
    """L0581: a stage chooses its best checkpoint, or when to stop, by rows of a test split."""
    for task in findings.every(Task):
        if not any(use.test_rows for use in findings.lineage.uses(task, "train")):
            _report_test_rows(findings, task, "select", "L0581")


def _report_test_rows(findings: Findings, task: Task, purpose: Purpose, code: str) -> None:
    for use in findings.lineage.uses(task, purpose):
        if (portion := use.test_rows) is not None:
            origin = [step for step in portion.way if is_test(step.split)][-1]
            values = {"task": findings.label(task), "data": findings.label(origin.task), "split": origin.split}
            findings.error(task, use.rows.field, code, values, labels=way(findings, portion, until=origin))


def validated_on_training_rows(program: Program, findings: Findings) -> None:
    """L0582: a stage chooses by rows that it trains on."""
    for task in findings.every(Task):
        trained = [use for use in findings.lineage.uses(task, "train") if use.test_rows is None]
        for use in findings.lineage.uses(task, "select"):
            shared = next(filter(None, map(use.shared_with, trained)), None)
            if shared is not None and use.test_rows is None:
                labels = [place for portion in shared for place in way(findings, portion)]
                findings.error(task, use.rows.field, "L0582", {"task": findings.label(task)}, labels=labels)


def measured_on_known_rows(program: Program, findings: Findings) -> None:
    """L0583, L0584, L0910: what is measured was trained on the rows that it is measured on, or chosen by them.

    An error where the file says that the rows are held out, or reads them a second time under another name. That
    training rows are measured under their own name may be meant, and gets a warning.
    """
    for task in findings.every(Task):
        for use in findings.lineage.uses(task, "measure"):
            if (known := _known(findings, use)) is not None:
                _report_known(findings, use, *known)


def _known(findings: Findings, use: Used) -> tuple[Used, Portion, Portion] | None:
    """Find rows that a task measures on and that something behind it has seen: what it trained on first."""
    chosen: tuple[Used, Portion, Portion] | None = None
    for other in findings.lineage.before(use.task):
        # What is a test split there is said there.
        if other.rows.purpose != "vocabulary" and other.test_rows is None and (shared := use.shared_with(other)):
            if other.rows.purpose == "train":
                return (other, *shared)
            if is_test(use.split):
                chosen = chosen or (other, *shared)
    return chosen


def _report_known(findings: Findings, use: Used, other: Used, mine: Portion, its: Portion) -> None:
    values: dict[str, object] = {"task": findings.label(use.task), "other": findings.label(other.task)}
    values["split"] = use.split
    if other.rows.purpose == "select":
        labels = [_named(other, "leak.chooses"), *way(findings, mine), *way(findings, its)]
        findings.error(use.task, use.rows.field, "L0584", values, labels=labels)
        return
    labels = [_named(other, "leak.trains"), *way(findings, mine), *way(findings, its)]
    if is_test(use.split) or use.split == "validation":
        findings.error(use.task, use.rows.field, "L0583", values, labels=labels)
    elif use.split is None and mine.way.last.task is not its.way.last.task:
        values["files"] = files_of(findings, mine, its)
        findings.error(use.task, use.rows.field, "L0583.again", values, labels=labels)
    else:
        findings.warning(use.task, use.rows.field, "L0910", values, labels=labels[:1])


def judged_by_invented_rows(program: Program, findings: Findings) -> None:
    """L0791: something is measured on rows, or chosen by them, that were made up for training."""
    told: set[int] = set()
    for task in findings.every(Task):
        for use in findings.lineage.uses(task, "measure", "select"):
            for portion in use.portions:
                made = next((step for step in portion.way if _invents(step)), None)
                if made is not None and id(use.rows.data) not in told:
                    told.add(id(use.rows.data))  # a sweep chooses by what its trials measure
                    values = {"task": findings.label(task), "data": findings.label(made.task)}
                    findings.error(task, use.rows.field, "L0791", values, labels=way(findings, portion, until=made))


def _invents(step: Step) -> bool:
    return isinstance(step.task, DataTask) and step.task.invents(step.split)


def tokenizer_knows_test_rows(program: Program, findings: Findings) -> None:
    """L0911: a tokenizer was learned from rows that something built on it is tested on."""
    for task in findings.every(Task):
        for use in findings.lineage.uses(task, "measure"):
            for other in findings.lineage.before(task) if is_test(use.split) else ():
                shared = use.shared_with(other) if other.rows.purpose == "vocabulary" else None
                if shared is not None and _known(findings, use) is None:
                    values = {"task": findings.label(task), "tokenizer": findings.label(other.task)}
                    labels = [_named(use, "leak.measures"), *way(findings, shared[0]), *way(findings, shared[1])]
                    findings.warning(other.task, other.rows.field, "L0911", values, labels=labels)


def _named(use: Used, key: str) -> Also:
    """Give the place where a task names the rows that it uses."""
    return Also(use.task, use.rows.field, key)
