"""Makes `small.py`, which lies beside this file, importable by name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

SCRIPT = Path(__file__).parent / "small.py"


def _load() -> ModuleType:
    if "small" not in sys.modules:
        spec = importlib.util.spec_from_file_location("small", SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["small"] = module
        spec.loader.exec_module(module)
    return sys.modules["small"]


_load()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the cores to the tests that run beside these."""
    torch.set_num_threads(1)
