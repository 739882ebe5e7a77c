"""What was measured of this machine, kept in the user's cache: one small file for each machine, device and torch."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
from pathlib import Path
from typing import Any

import torch

from ..files import read_json, write_json

SWITCH = "LLX_CALIBRATE"
"""The environment variable that, set to `off`, has nothing measured, read or written."""


def is_switched_off() -> bool:
    """Tell whether nothing is to be measured."""
    return os.environ.get(SWITCH, "").lower() in ("off", "0", "no")


def identity(device: torch.device) -> dict[str, Any]:
    """Give what measurements hold for."""
    about: dict[str, Any] = {
        "torch": torch.__version__,
        "processor": _processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": device.type,
    }
    if device.type == "cuda":
        about["name"] = torch.cuda.get_device_name(device)
    return about


def recall(device: torch.device, section: str) -> dict[str, Any]:
    """Read what is remembered of a device: an empty mapping if there is nothing, or nothing that can be read."""
    try:
        stored = read_json(place(device))
        found = stored[section] if stored["machine"] == identity(device) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(device: torch.device, section: str, entries: dict[str, Any]) -> None:
    """Add entries to what is remembered; a folder that can't be written to is no reason to stop."""
    if is_switched_off():
        return
    path = place(device)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: recall(device, name) for name in ("choices", "peaks")}
        kept[section] = {**kept.get(section, {}), **entries}
        write_json(path, {"machine": identity(device), **kept})


def place(device: torch.device) -> Path:
    """Give the file of a device, as it is used now."""
    text = json.dumps(identity(device), sort_keys=True)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "llx" / f"machine-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


@functools.cache
def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
