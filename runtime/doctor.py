"""What this machine can do: what is installed, how much room there is, how fast it computes, and what stands in the way."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..dsl.diagnostics.model import Text

LIBRARIES = ("torch", "tokenizers", "pyarrow", "numpy", "safetensors", "tensorboard")
OPTIONAL = {"zstandard": "zstd", "pygls": "lsp", "scikit-learn": "classification", "seqeval": "tags"}
"""Libraries that some things need, and the extra that brings each."""

LITTLE_SPACE = 2 * 10**9
"""Bytes that a small experiment with its checkpoints soon takes."""


class State(StrEnum):
    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name (a key of the texts), what was found, and what to do about it."""

    name: str
    value: Text | str
    state: State = State.FINE
    help: Text | None = None

    @property
    def is_wrong(self) -> bool:
        return self.state is State.WRONG


def examine(store: Path) -> Iterator[Finding]:
    """Look at everything that a run stands on; nothing is written but a file that is gone again at once."""
    from .. import __version__

    yield Finding("llx", __version__)
    yield Finding("python", f"{platform.python_version()}  {platform.platform()}")
    yield from _libraries()
    yield from _memory()
    yield from _devices()
    yield from _store(store)
    yield from _plugins()


def _libraries() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    for name in (*LIBRARIES, *OPTIONAL):
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            extra = OPTIONAL.get(name)
            help = Text("doctor.extra", {"extra": extra}) if extra else Text("doctor.install")
            yield Finding(name, Text("doctor.missing"), State.NOTE if extra else State.WRONG, help)


def _memory() -> Iterator[Finding]:
    from .cost import machine_memory
    from .listeners.figures import size

    yield Finding("memory", size(machine_memory()))


def _devices() -> Iterator[Finding]:
    from .listeners.figures import size

    try:
        import torch
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        yield Finding("torch", Text("doctor.broken", {"error": said}), State.WRONG, Text("doctor.install"))
        return
    from .training.device import usable_threads

    threads = usable_threads(torch.get_num_threads())
    yield Finding("cpu", Text("doctor.cores", {"threads": threads, "cores": os.cpu_count() or 1}))
    yield from _speeds(torch.device("cpu"))
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        about = torch.cuda.get_device_properties(index)
        yield Finding(f"cuda:{index}", Text("doctor.gpu", {"name": about.name, "memory": size(about.total_memory)}))
        yield from _speeds(torch.device("cuda", index))
    if torch.backends.mps.is_available():
        yield from _speeds(torch.device("mps"))


def _speeds(device: Any) -> Iterator[Finding]:
    """Measure products of matrices, and tell which kernels were chosen on this device, and by what times."""
    import torch

    from .training.calibrate import measured_peak
    from .training.precision import choose_precision
    from .training.remembered import recall

    values = {
        "float32": f"{measured_peak(device, torch.float32) / 1e9:,.0f} GFLOP/s",
        "bfloat16": f"{measured_peak(device, torch.bfloat16) / 1e9:,.0f} GFLOP/s",
        "auto": str(choose_precision("auto", device)).removeprefix("torch."),
    }
    yield Finding("speed", Text("doctor.speed", values))
    chosen = recall(device, "choices")
    if not chosen:
        yield Finding("kernels", Text("doctor.kernels.none"))
    for about, entry in sorted(chosen.items()):
        times = ", ".join(f"{way} {took:.3g} ms" for way, took in entry["milliseconds"].items())
        what = about.removeprefix(f"{device.type} ")
        yield Finding("kernel", Text("doctor.kernel", {"what": what, "way": entry["way"], "times": times}))


def _store(folder: Path) -> Iterator[Finding]:
    from .files import free_bytes
    from .listeners.figures import size

    place = folder
    while not place.exists():
        place = place.parent
    probe = place / f".llx-doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        values = {"path": str(place), "reason": reason}
        yield Finding("store", Text("doctor.unwritable", values), State.WRONG, Text("doctor.store"))
        return
    free = free_bytes(folder)
    little = free < LITTLE_SPACE
    text = Text("doctor.free", {"path": str(folder), "free": size(free)})
    yield Finding("store", text, State.NOTE if little else State.FINE, Text("doctor.space") if little else None)


def _plugins() -> Iterator[Finding]:
    """Load each plugin that is installed, as a file that uses it would."""
    from importlib.metadata import entry_points

    from ..plugins.hooks import GROUP
    from ..plugins.registry import Registry

    names = {point.dist.name for point in entry_points(group=GROUP) if point.dist is not None}
    for name in sorted(names):
        used = Registry().use(name, (), None)
        if used.problem is None:
            yield Finding("plugin", f"{name} {used.version}")
        else:
            wrong = State.NOTE if used.problem.warning else State.WRONG
            yield Finding("plugin", used.problem.message, wrong, used.problem.help)
