"""`llx doctor`: what it looks at, and what it makes of what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from llx.runtime import doctor

if TYPE_CHECKING:
    from .conftest import Project


def test_a_machine_that_can_run_experiments(project: Project) -> None:
    before = sorted(project.root.rglob("*"))
    code, out, err = project.llx("doctor")
    assert (code, err) == (0, "")
    assert "GFLOP/s" in out
    assert f"{project.root / '.llx'}, " in out
    assert "✓ plugin       llx-lab 0.2" in out
    assert out.endswith("This machine can run experiments.\n")
    assert sorted(project.root.rglob("*")) == before, "nothing is left behind"


def test_a_plugin_that_fails_is_wrong(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(sys.path[0]) / "llx_lab_plugin.py").write_text("raise RuntimeError('worn out')\n")
    sys.modules.pop("llx_lab_plugin", None)
    code, out, _ = project.llx("doctor", "--json")
    (found,) = [one for one in json.loads(out)["findings"] if one["name"] == "plugin"]
    assert (code, found["state"]) == (1, "wrong")
    assert "worn out" in found["value"]


def test_a_store_that_cannot_be_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", denied)
    (found,) = doctor._store(tmp_path / "a" / "b")
    assert found.is_wrong
    assert found.help is not None


def test_little_space_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llx.runtime.files.free_bytes", lambda path: 10**6)
    (found,) = doctor._store(tmp_path)
    assert found.state is doctor.State.NOTE


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def version(name: str) -> str:
        if name in ("pyarrow", "zstandard"):
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    found = {one.name: one.state for one in doctor._libraries() if one.state is not doctor.State.FINE}
    assert found == {"pyarrow": doctor.State.WRONG, "zstandard": doctor.State.NOTE}
