"""Pairs from two files."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.plugins.baddata import BadData
from llx.plugins.builtin.data.parallel import Parallel


def pairs(folder: Path, source: bytes, target: bytes, **fields: str) -> list[object]:
    (folder / "a.ja").write_bytes(source)
    (folder / "a.en").write_bytes(target)
    return list(Parallel(source="a.ja", target="a.en", **fields).pairs(folder))  # type: ignore[arg-type]


def test_lines_belong_together(tmp_path: Path) -> None:
    found = pairs(tmp_path, "寒い。\r\n\n明日。".encode(), b"Cold.\n \nTomorrow.\n")
    assert found == [{"source": "寒い。", "target": "Cold."}, {"source": "明日。", "target": "Tomorrow."}]


def test_different_counts_are_told_with_the_first_line_too_many(tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        pairs(tmp_path, b"a\nb\n", b"A\nB\nC\nD\n")
    bad = caught.value
    assert bad.code == "L0772"
    assert bad.field == "target"
    assert (bad.values["sources"], bad.values["targets"]) == (2, 4)
    assert getattr(bad.values["first"], "values", None) == {"file": "a.en", "number": 3}


def test_an_empty_side_is_told(tmp_path: Path) -> None:
    good, bad = pairs(tmp_path, b"a\n\n", b"A\nB\n")
    assert good == {"source": "a", "target": "A"}
    assert isinstance(bad, BadData)
    assert (bad.code, bad.field) == ("L0773", "source")
