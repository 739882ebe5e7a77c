"""The commands, in a project with a plugin whose tasks take no time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest



def test_check_says_that_a_file_is_fine(project) -> None:
    assert project.llx("check", "lab.llx") == (0, "lab.llx: no mistakes\n", "")


def test_run(project) -> None:
    code, out, err = project.llx("run", "lab.llx")
    print(out, err)
    assert code == 0
