"""The data `filter`: rows for which a condition holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from llx.dsl.check import check
from llx.dsl.source import Source
from llx.plugins.api import TaskFailed
from llx.plugins.builtin.data.filter import Filter
from llx.plugins.builtin.data.jsonl import JsonLines
from llx.plugins.canonical import canonical
from llx.plugins.registry import Registry

from .work import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def rows_where(text: str, lab: Lab, rows: list[Any]) -> Filter:
    """Make a filter over some rows from a file of the language."""
    (lab.root / "a.jsonl").write_text("".join(json.dumps({"text": "x", **row}) + "\n" for row in rows))
    columns = ", ".join(f'{name} = "{name}"' for name in rows[0])
    source = f'data d = filter(jsonl("a.jsonl", columns = {{ {columns} }}), where = {text})\nexpect e = d.rows > 0'
    checked = check(Source("f.llx", source, lab.root / "f.llx"), Registry(), root=lab.root)
    assert checked.program is not None, checked.diagnostics
    task = checked.program.declarations["d"].value
    assert isinstance(task, Filter)
    return task


STARS: list[Any] = [
    {"stars": "3", "lang": "en"}, {"stars": "1", "lang": "ja"}, {"stars": "10", "lang": "ja"}, {"stars": None, "lang": "en"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("row.stars != none and row.stars > 2", ["3", "10"]),
        ('row.lang == "ja" and row.stars > 2', ["10"]),
        ('not (row.lang == "en") or row.stars == none', ["1", "10", None]),
        ("row.stars == none or row.stars * 2 <= 6", ["3", "1", None]),
    ],
)
def test_filter_keeps_the_rows_for_which_a_condition_holds(lab: Lab, where: str, kept: list[str]) -> None:
    task = rows_where(where, lab, STARS)
    facts = lab.run(task)
    table = pyarrow.parquet.read_table(lab.folder(task) / "rows.parquet")
    assert table.column("stars").to_pylist() == kept
    assert facts == {"rows": {"rows": len(kept)}, "left_out": {"condition": 4 - len(kept)}}


def test_filter_fails_on_a_row_of_which_nothing_is_said(lab: Lab) -> None:
    with pytest.raises(TaskFailed) as failed:
        lab.run(rows_where("row.stars > 2", lab, STARS))
    assert (failed.value.code, failed.value.field) == ("L0240", "where")
    assert failed.value.values["row"] == ["stars = None"]


def test_filter_knows_the_columns_and_its_identity(lab: Lab) -> None:
    one, two = (rows_where(text, lab, STARS) for text in ("row.stars > 2", "row.stars > 1 + 1"))
    assert canonical(one, lambda r: "x") == canonical(two, lambda r: "x"), "the meaning counts, not the text"
    assert canonical(rows_where("row.stars > 3", lab, STARS), lambda r: "x") != canonical(one, lambda r: "x")
    assert canonical(one, lambda r: "x")["fields"]["where"] == {"formula": [">", ["number", {"field": "stars"}], 2]}
    assert lab.problems(one) == []
    assert lab.problems(Filter(data=JsonLines(path="a.jsonl").default(), where=one.where)) == [("where", "L0640")]
