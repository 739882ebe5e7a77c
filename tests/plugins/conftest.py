"""Distributions that exist for one test: a folder on the path with a module and its metadata."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

MakeDistribution = Callable[..., str]


@pytest.fixture
def make_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeDistribution:
    """Give a function that installs a distribution for the test: its name, the source of its module, its version."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    made: list[str] = []

    def make(name: str, source: str, version: str = "1.0", points: dict[str, str] | None = None) -> str:
        module = name.replace("-", "_")
        (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        metadata = site / f"{module}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        named = points if points is not None else {module.removeprefix("llx_"): module}
        lines = "".join(f"{point} = {target}\n" for point, target in named.items())
        (metadata / "entry_points.txt").write_text(f"[llx]\n{lines}")
        made.append(module)
        return name

    yield make  # type: ignore[misc]
    for module in made:
        sys.modules.pop(module, None)
