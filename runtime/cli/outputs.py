"""What people read of a run, put where the file says (`experiment { output = "out" }`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..results import RunResult

REPORT = "report.html"


def write_outputs(result: RunResult, report: Path | None) -> list[Path]:
    """Write the report and the texts of a run into the experiment's `output`, and give the files; OSError if it can't.

    A smoke run writes none: what it says is of no use.
    """
    from ..files import write_text
    from ..mode import Mode

    program = result.checked.program
    to = getattr(program.settings, "output", None) if program is not None else None
    if to is None or result.mode is not Mode.REAL or result.folder is None:
        return []
    texts = {
        f"{label}.jsonl": "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in samples)
        for label, task in result.tasks.items()
        if isinstance(samples := task.facts.get("samples"), list)
    }
    if report is not None:
        texts[REPORT] = report.read_text(encoding="utf-8")
    folder = result.checked.root / to
    written = []
    for name, text in texts.items():
        path = folder / name.replace("/", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        written.append(path)
    return written
