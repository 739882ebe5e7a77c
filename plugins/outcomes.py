"""What an evaluation found, record by record, as files: so that two evaluations of the same rows can be compared.

    outcome.json        what there is once: sums, counts of targets, facts, the metrics, the digest of the data
    records.jsonl       what was predicted for each record, one a line
    rows.safetensors    the sums of each row, and the scores of the records where all have as many

Any eval may write them; `llx diff` compares those that did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dsl.record import Record
from .canonical import describe
from .values import Metric
from .work import Outcome

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
OUTCOME, RECORDS, ROWS = "outcome.json", "records.jsonl", "rows.safetensors"
_SCORES = "record scores"
"""The name of the records' scores among arrays; no sum of an objective is called so."""
_GROUPS = "record groups"


def write_outcome(directory: Path, outcome: Outcome, metrics: Sequence[Metric], measured_on: Path) -> None:
    """Write an outcome, of what metrics it was asked for, and the digest of the file whose records it is of."""
    import numpy as np
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(values) for name, values in outcome.by_row.items()}
    scores = _scores(outcome.records)
    if scores is not None:
        arrays[_SCORES] = scores
    if outcome.groups is not None:
        arrays[_GROUPS] = numbered(outcome.groups)
    save_file(arrays, directory / ROWS)
    with (directory / RECORDS).open("w", encoding="utf-8", newline="\n") as file:
        for record in outcome.records:
            shown = {name: value for name, value in record.items() if scores is None or name != "scores"}
            file.write(json.dumps(shown, ensure_ascii=False, default=_plain) + "\n")
    whole = {
        "format": FORMAT,
        "metrics": [describe(metric) for metric in metrics],
        "measured_on": hashlib.sha256(measured_on.read_bytes()).hexdigest(),
        "sums": outcome.sums,
        "targets": None if outcome.targets is None else list(outcome.targets.items()),
        "facts": outcome.facts,
    }
    (directory / OUTCOME).write_text(json.dumps(whole, ensure_ascii=False, default=_plain), encoding="utf-8")


class Stored(Record):
    """An outcome that was stored, with its metrics as `describe` has them."""

    outcome: Outcome
    metrics: Sequence[Mapping[str, Any]]
    measured_on: str


def read_outcome(directory: Path) -> Stored:
    """Read what `write_outcome` wrote. OSError or ValueError if it can't be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    whole = json.loads((directory / OUTCOME).read_text(encoding="utf-8"))
    if whole.get("format") != FORMAT:
        raise ValueError(f"{directory / OUTCOME} has another format than {FORMAT}")
    try:
        arrays = load_file(directory / ROWS)
    except SafetensorError as error:
        raise ValueError(f"{directory / ROWS}: {error}") from error
    with (directory / RECORDS).open(encoding="utf-8", newline="\n") as file:
        records: list[dict[str, Any]] = [json.loads(line) for line in file]
    scores, groups = arrays.pop(_SCORES, None), arrays.pop(_GROUPS, None)
    if scores is not None:
        for record, row in zip(records, scores.tolist(), strict=True):
            record["scores"] = row
    targets = whole["targets"]
    outcome = Outcome(
        sums=whole["sums"],
        records=list(records),
        targets=None if targets is None else {int(name): int(times) for name, times in targets},
        facts=whole["facts"],
        by_row=arrays,
        groups=None if groups is None else groups.tolist(),
    )
    return Stored(outcome, whole["metrics"], whole["measured_on"])


def numbered(groups: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Give the number of each group, counted from 0 in the order in which they come."""
    import numpy as np

    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)


def _scores(records: Sequence[Mapping[str, Any]]) -> np.ndarray[Any, Any] | None:
    """Give the scores of all records (n, k), if all have as many; they are most of what there is to store."""
    import numpy as np

    given = [record.get("scores") for record in records]
    if not given or not isinstance(given[0], list) or not given[0]:
        return None
    size = len(given[0])
    if not all(isinstance(row, list) and len(row) == size and isinstance(row[0], float) for row in given):
        return None
    try:
        return np.array(given, dtype=np.float32).reshape(len(given), size)
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """Give numbers and arrays of numpy as JSON has them, and what JSON doesn't know as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
