"""The labels of a record as its data has them: one, or several as a list (in a column of strings: as JSON)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ...component import TaskFailed
from .text import shown

Label = str | int | float | bool


def label_of(record: Mapping[str, Any], column: str) -> Label:
    """Give the one label of a record. Raises TaskFailed if there is none, or a list of them."""
    label = record[column]
    if not _is_label(label):
        raise _unusable(record, column)
    if isinstance(label, str) and label.startswith("[") and list_of(label) is not None:
        values = {"column": column, "record": record["_record"] + 1, "value": shown(label)[:80]}
        raise TaskFailed("L0751", values, field="data", help="L0751.help")
    return label


def labels_of(record: Mapping[str, Any], column: str) -> list[Label]:
    """Give the labels of a record, each once: any number of them. Raises TaskFailed for what is no list of labels."""
    labels = list_of(record[column])
    if labels is None:
        values = {"column": column, "record": record["_record"] + 1, "value": shown(record[column])[:80]}
        raise TaskFailed("L0752", values, field="data", help="L0752.help")
    if not all(_is_label(label) for label in labels):
        raise _unusable(record, column)
    return list(dict.fromkeys(labels))


def list_of(value: Any) -> list[Any] | None:
    """Give a list that a column holds, as such or as JSON; None for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return list(value) if isinstance(value, list | tuple) else None


def _is_label(label: Any) -> bool:
    return isinstance(label, str | int | float) and not (isinstance(label, float) and math.isnan(label)) and label != ""


def _unusable(record: Mapping[str, Any], column: str) -> TaskFailed:
    values = {"column": column, "record": record["_record"] + 1, "value": shown(record[column])[:80]}
    return TaskFailed("L0511", values, field="data", help="L0511.help")
