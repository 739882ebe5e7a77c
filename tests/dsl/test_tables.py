"""The stored parse tables are those of the grammar."""

from __future__ import annotations

import subprocess
import sys

from llx.dsl.tables import TABLES, build, text


def test_the_stored_tables_are_a_fresh_build() -> None:
    assert TABLES.read_text(encoding="utf-8") == text(build()), "run python -m llx.dsl.tables"


def test_a_build_is_the_same_in_every_process() -> None:
    code = "from llx.dsl.tables import build, text; print(text(build()), end='')"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, **PATHS},
        )
        assert done.stdout == TABLES.read_text(encoding="utf-8")


PATHS = {"PYTHONPATH": ":".join(filter(None, sys.path))}
