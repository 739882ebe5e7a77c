"""A file with sweeps over tiny tasks in plain Python; run as a script, it is a process that can be killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import llx.runtime.face as face
from llx.dsl.program import Reference
from llx.dsl.types import Artifact
from llx.plugins.component import Facts, Task, TaskFailed
from llx.plugins.fields import Target
from llx.plugins.registry import Registry
from llx.plugins.tasks import Audit, Export
from llx.plugins.work import Work
from llx.runtime.results import RunResult
from pydantic import Field

KILL = "LLX_TEST_KILL"
"""The x of the trial at which the process kills itself."""

FILE = """
experiment lab { seed = 10 }
param x = 1.0
param shift = 0
audit base = ground(depth = 2)
audit fit = parabola(base, x = x, shift = shift)
"""


class Ground(Audit):
    """What all trials share."""

    name: ClassVar[str] = "ground"

    depth: int = Field(description="how deep")

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        log(work, "ground")
        return {"depth": self.depth}


class Hidden(Task):
    """What a trial prepares."""

    kind: ClassVar[str] = "hidden"
    name: ClassVar[str] = "hidden"

    x: float

    def outputs(self) -> dict[str, Artifact]:
        return {"rows": Artifact("rows")}

    def run(self, work: Work) -> Facts:
        return {"x": self.x}


class Parabola(Audit):
    """The loss is least at 3; what is above 7 fails. One runs at a time."""

    fails_above: ClassVar[float] = 7

    name: ClassVar[str] = "parabola"
    on_device: ClassVar[bool] = True
    positional: ClassVar[tuple[str, ...]] = ("base",)
    settings: ClassVar[tuple[str, ...]] = ("seed",)

    base: Annotated[Reference, Artifact("rows")] = Field(description="what is needed")
    x: float = Field(description="where")
    shift: int = Field(0, description="how much is added")

    def outputs(self) -> dict[str, Artifact]:
        return {"loss": Artifact("number"), "curve": Artifact("rows")}

    def prepare(self) -> dict[str, Task]:
        return {"tokens": Hidden(x=self.x)}

    def run(self, work: Work) -> Facts:
        log(work, f"parabola {self.x:g} {self.shift} {work.settings['seed']}")
        assert work.input(self.prepare()["tokens"]).facts["x"] == self.x
        if os.environ.get(KILL) == f"{self.x:g}":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.x > self.fails_above:
            raise TaskFailed("L0695", {"split": "x", "records": 0}, field="x")
        depth = work.input(self.base).facts["depth"]
        return {"loss": (self.x - 3) ** 2 + self.shift + depth + (work.settings["seed"] - 10) / 10}


class Grow(Audit):
    """Builds on a trial."""

    name: ClassVar[str] = "grow"
    positional: ClassVar[tuple[str, ...]] = ("start",)

    start: Annotated[Reference, Artifact("rows")] = Field(description="what it builds on")

    def outputs(self) -> dict[str, Artifact]:
        return {"height": Artifact("number")}

    def run(self, work: Work) -> Facts:
        log(work, "grow")
        return {"height": work.input(self.start).facts["loss"] * 10}


class Copied(Export):
    """Writes what a trial came to."""

    name: ClassVar[str] = "copied"
    positional: ClassVar[tuple[str, ...]] = ("start",)

    start: Annotated[Reference, Artifact("rows")] = Field(description="what is copied")
    to: Target = Field(description="where to", json_schema_extra={"identity": False})

    def run(self, work: Work) -> Facts:
        loss = work.input(self.start).facts["loss"]
        (work.directory / "height.txt").write_text(f"{loss:g}", encoding="utf-8")
        return {}


class LabRegistry(Registry):
    """The built-in components, and those of the lab."""

    def __init__(self) -> None:
        super().__init__()
        for of in (Ground, Parabola, Grow, Copied):
            assert self._add_class(of, "lab", None) == []


def log(work: Work, word: str) -> None:
    with (work.root / "ran.log").open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")


def ran(root: Path) -> list[str]:
    """Give what ran since this was asked last."""
    path = root / "ran.log"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return sorted(lines)


def run(root: Path, text: str = "", **values: Any) -> RunResult:
    """Run the file with more text at its end."""
    write(root, text)
    return face.run(root / "lab.llx", **values)


def write(root: Path, text: str) -> None:
    (root / "lab.llx").write_text(FILE + text, encoding="utf-8")


def sweep_of(result: RunResult, name: str = "search") -> Mapping[str, Any]:
    found: Mapping[str, Any] = result[name].facts["sweep"]
    return found


if __name__ == "__main__":
    face.Registry = LabRegistry  # type: ignore[misc]
    sys.exit(face.run(Path(sys.argv[1]) / "lab.llx").exit_code)
