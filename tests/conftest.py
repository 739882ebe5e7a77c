"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import llx

ROOT = Path(__file__).resolve().parent.parent

# In a second checkout the tests would quietly test the installed copy.
assert Path(llx.__file__).resolve().parent == ROOT, f"llx comes from {llx.__file__}, not from this checkout"

# What is fastest on the machine that runs the tests must not decide what they see; what they start inherits it.
os.environ["LLX_CALIBRATE"] = "off"
# Nor must the units that its processor has: with those for bfloat16, `precision = auto` would be another format.
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
