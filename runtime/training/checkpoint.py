"""What lets a training go on after a kill: checkpoints that are whole, verified, and never written over.

Each save makes a fresh folder `step-00000120` (weights, optimizer state, counters) under a temporary name, makes
it durable and renames it. `best-00000100` holds the weights of the best validation. A manifest tells the size and
digest of every file; nothing is read from a folder that doesn't agree with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ... import __version__
from ...dsl.diagnostics.model import Text
from ...plugins.canonical import show
from ...plugins.component import TaskFailed
from ..failures import is_full
from ..files import free_bytes, read_json, remove, seal, sha256, write_json
from ..listeners.figures import size as readable
from .team import Team
from .weights import Tensors, WeightsDontFit, read_tensors

FORMAT = 1
MANIFEST = "manifest.json"
_NEEDED = {"model.safetensors", "state.json"}
"""What every checkpoint's manifest lists; what it doesn't list, nothing is known of."""
_KEPT = 2
_SPARE = 16 << 20
"""Bytes that stay free beside a save."""


class Unusable(Exception):
    """Raised for a checkpoint that can't be gone on from; `reason` says why."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.key)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that was read and verified."""

    step: int
    network: Tensors
    optimizer: Tensors
    state: dict[str, Any]
    environment: dict[str, Any]


def environment(world_size: int = 1) -> dict[str, Any]:
    """Give what the bits of a result depend on beside the job: they repeat where all of it is the same."""
    return {
        "llx": __version__,
        "torch": torch.__version__,
        "world_size": world_size,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


class Checkpoints:
    """The checkpoints of one job in one folder: another one's are not gone on from.

    `fingerprint` names the task, and `job` says what it trains, part by part, so that a difference can be shown. Of
    the ranks of a `team` the first one owns the folder; the others read what it says, and write their parts of tensors.
    """

    def __init__(self, directory: Path, fingerprint: str, job: Mapping[str, Any], team: Team | None = None) -> None:
        self.directory = directory
        self.fingerprint = fingerprint
        self.job = dict(job)
        self.team = team or Team()
        self.environment = environment(self.team.size)
        directory.mkdir(parents=True, exist_ok=True)
        # What a kill left half done.
        for leftover in directory.glob(".*") if self.team.rank == 0 else ():
            remove(leftover)

    def save(
        self,
        step: int,
        network: Tensors,
        optimizer: Tensors,
        state: Mapping[str, Any],
        best: tuple[int, Tensors] | None,
    ) -> None:
        """Save a step, and the weights of the best one if they are not there yet; older ones go only after that.

        All of a team that write call it; they leave it together, and so find the same folders the next time.
        """
        if best is not None and not self._named("best", best[0]).exists():
            self._write(self._named("best", best[0]), {"model": best[1]}, {})
        final = self._named("step", step)
        if not final.exists():
            self._write(final, {"model": network, "optimizer": optimizer}, dict(state))
        if self.team.rank == 0:
            self._prune()

    def latest(self, fits: Callable[[Saved], None] | None = None) -> tuple[Saved | None, list[tuple[str, Text]]]:
        """Give the newest checkpoint that verifies, and those that were skipped, with the reasons.

        A digest tells that a file is what was written, and not that it was written here: `fits` looks at what was
        read, and raises WeightsDontFit, or trips over it.
        """
        skipped: list[tuple[str, Text]] = []
        for step in sorted(self._steps("step"), reverse=True):
            folder = self._named("step", step)
            try:
                return self._fitting(folder, fits), skipped
            except Unusable as unusable:
                skipped.append((folder.name, unusable.reason))
                self._set_aside(folder)
        return None, skipped

    def at(self, step: int, fits: Callable[[Saved], None]) -> None:
        """Read the checkpoint of a step, which the owner of the folder has found to be good; raises Unusable."""
        self._fitting(self._named("step", step), fits)

    def best(self, step: int) -> Tensors:
        """Read the weights of the best step."""
        folder = self._named("best", step)
        self._verify(folder)
        return read_tensors(folder / "model.safetensors")

    def _set_aside(self, folder: Path) -> None:
        """Give a folder another name, so that a good one can have its."""
        aside = folder.with_name(f"unusable-{folder.name}")
        remove(aside)
        if folder.exists():
            folder.rename(aside)

    def _named(self, sort: str, step: int) -> Path:
        return self.directory / f"{sort}-{step:08d}"

    def _steps(self, sort: str) -> list[int]:
        found = (re.fullmatch(rf"{sort}-(\d{{8,}})", path.name) for path in self.directory.iterdir())
        return [int(match[1]) for match in found if match]

    def _write(self, final: Path, tensors: Mapping[str, Tensors], state: dict[str, Any]) -> None:
        check_space(
            self.directory, sum(t.numel() * t.element_size() for part in tensors.values() for t in part.values())
        )
        temporary = final.with_name(f".{final.name}.tmp")
        with whole_or_nothing(temporary, self.team):
            for name, part in tensors.items():
                self.team.write(temporary / f"{name}.safetensors", part)
            if self.team.rank:
                return
            write_json(temporary / "state.json", state)
            files = {p.name: {"size": p.stat().st_size, "sha256": sha256(p)} for p in sorted(temporary.iterdir())}
            about = {
                "format": FORMAT,
                "fingerprint": self.fingerprint,
                "environment": self.environment,
                "job": self.job,
            }
            manifest = {**about, "files": files}
            write_json(temporary / MANIFEST, {**manifest, "sha256": _digest(manifest)})
            seal(temporary, final)

    def _prune(self) -> None:
        steps = sorted(self._steps("step"), reverse=True)
        for step in steps[_KEPT:]:
            remove(self._named("step", step))
        used = set()
        for step in steps[:_KEPT]:
            # An older one may have been damaged since; nothing is lost by that now.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                used.add(read_json(self._named("step", step) / "state.json").get("best_step"))
        for step in self._steps("best"):
            if step not in used:
                remove(self._named("best", step))

    def _fitting(self, folder: Path, fits: Callable[[Saved], None] | None) -> Saved:
        try:
            saved = self._read(folder)
            if fits is not None:
                fits(saved)
        except WeightsDontFit as error:
            raise Unusable(error.reason) from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Unusable(Text("training.skip.damaged", {"file": folder.name})) from error
        return saved

    def _read(self, folder: Path) -> Saved:
        manifest = self._verify(folder)
        state = read_json(folder / "state.json")
        if state["best_step"] is not None:
            best = self._named("best", state["best_step"])
            try:
                self._verify(best)
            except Unusable:
                self._set_aside(best)
                raise
        network, optimizer = (read_tensors(folder / f"{name}.safetensors") for name in ("model", "optimizer"))
        return Saved(int(folder.name.partition("-")[2]), network, optimizer, state, manifest["environment"])

    def _verify(self, folder: Path) -> dict[str, Any]:
        """Hold a folder against its manifest, and the manifest against its own digest; raises Unusable."""
        try:
            manifest = read_json(folder / MANIFEST)
            claimed = manifest.pop("sha256")
        except FileNotFoundError as error:
            raise Unusable(Text("training.skip.missing", {"file": f"{folder.name}/{MANIFEST}"})) from error
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise Unusable(Text("training.skip.damaged", {"file": f"{folder.name}/{MANIFEST}"})) from error
        if not isinstance(manifest.get("format"), int) or claimed != _digest(manifest):
            raise Unusable(Text("training.skip.damaged", {"file": f"{folder.name}/{MANIFEST}"}))
        if manifest["format"] > FORMAT:
            raise Unusable(Text("training.skip.newer", {"format": manifest["format"], "known": FORMAT}))
        self._require_same_job(manifest)
        files = manifest["files"]
        for name in sorted(_NEEDED - files.keys()):
            raise Unusable(Text("training.skip.missing", {"file": f"{folder.name}/{name}"}))
        for name in sorted({path.name for path in folder.iterdir()} - files.keys() - {MANIFEST}):
            raise Unusable(Text("training.skip.extra", {"file": f"{folder.name}/{name}"}))
        for name, file in files.items():
            path = folder / name
            if Path(name).name != name or path.is_symlink():
                raise Unusable(Text("training.skip.damaged", {"file": f"{folder.name}/{name}"}))
            if not path.is_file():
                raise Unusable(Text("training.skip.missing", {"file": f"{folder.name}/{name}"}))
            if path.stat().st_size != file["size"] or sha256(path) != file["sha256"]:
                raise Unusable(Text("training.skip.damaged", {"file": f"{folder.name}/{name}"}))
        return dict(manifest)

    def _require_same_job(self, manifest: Mapping[str, Any]) -> None:
        """Raise Unusable, with the part that differs, for a checkpoint of another job."""
        before, now = manifest["job"], self.job
        parts = [(name, before.get(name), now.get(name)) for name in sorted(before.keys() | now.keys())]
        # Last, because every other part says more.
        parts.append(("fingerprint", manifest["fingerprint"], self.fingerprint))
        for name, old, new in parts:
            if old != new:
                raise Unusable(Text("training.skip.other", {"part": name, "old": show(old), "new": show(new)}))


def check_space(directory: Path, size: int) -> None:
    """Raise TaskFailed if so many bytes don't fit on the disk."""
    free = free_bytes(directory)
    if free < size + _SPARE:
        raise TaskFailed("L0803", {"needed": readable(size + _SPARE), "free": readable(free)}, help="L0803.help")


@contextlib.contextmanager
def whole_or_nothing(temporary: Path, team: Team) -> Iterator[None]:
    """Make a folder to write into, and remove it if that fails; a full disk is told as such.

    All of a team that write enter and leave it together. One that fails leaves alone, and ends: the others wait in vain,
    and fail too.
    """
    if team.rank == 0:
        remove(temporary)
        temporary.mkdir(parents=True)
    team.wait()
    try:
        yield
        team.wait()
    except BaseException as error:
        if team.rank == 0:
            remove(temporary)
        if is_full(error):
            raise TaskFailed("L0803.full", {"free": readable(free_bytes(temporary))}, help="L0803.help") from error
        raise


def _digest(manifest: Mapping[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
