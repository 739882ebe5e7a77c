"""Experiments of several files, planned and run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

LIBRARY = """use llx-lab
param upto = 3
## Counted elsewhere.
data few = lab.numbers(upto)
eval mine = lab.mean(few)
"""
EXPERIMENT = """use llx-lab
param most = 4
import "lib.llx" as lib { upto = most }
import "lib.llx" as again { upto = 4 }
import "lib.llx" as other
eval one = lab.mean(lib.few)
eval two = lab.mean(again.few)
eval three = lab.mean(other.few)
"""


@pytest.fixture(autouse=True)
def files(project: Project) -> None:
    project.write(LIBRARY, "lib.llx")
    project.write(EXPERIMENT)


def said(out: str) -> list[str]:
    return [" ".join(line.split()) for line in out.splitlines()]


def test_imported_tasks_are_called_by_their_module_and_shared(project: Project) -> None:
    code, out, err = project.llx("graph", "lab.llx")
    assert (code, err) == (0, "")
    assert said(out) == [
        "data lib.few numbers",
        "## Counted elsewhere.",
        "eval one mean ← lib.few",
        "data other.few numbers",
        "## Counted elsewhere.",
        "eval three mean ← other.few",
    ]


def test_only_what_is_referred_to_runs(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx", "--json")
    assert (code, err) == (0, "")
    result = json.loads(out.splitlines()[-1])
    assert sorted(result["artifacts"]) == ["lib.few", "one", "other.few", "three", "two"]


def test_a_task_of_an_imported_file_can_be_asked_for(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx", "--only", "lib.mine", "--json")
    assert (code, err) == (0, "")
    assert sorted(json.loads(out.splitlines()[-1])["artifacts"]) == ["lib.few", "lib.mine"]
    # `one` is the mean of the same numbers.
    assert "stored" in project.llx("plan", "lab.llx", "--only", "one")[1].splitlines()[-1]
    code, _, err = project.llx("run", "lab.llx", "--only", "lib.min")
    assert code == 1
    assert "`lib.mine`" in err


def test_the_reason_for_a_run_is_the_param_behind_an_import(project: Project) -> None:
    assert project.llx("run", "lab.llx")[0] == 0
    code, out, err = project.llx("plan", "lab.llx", "most=6")
    assert (code, err) == (0, "")
    (line,) = [line for line in said(out) if line.startswith("data lib.few")]
    assert line.endswith("run most: 4 -> 6 lab.llx:2")


def test_a_task_that_fails_is_shown_where_it_is_written(project: Project) -> None:
    project.write(LIBRARY + "eval bad = lab.mean(few, fail = true)\n", "lib.llx")
    code, _, err = project.llx("run", "lab.llx", "--only", "lib.bad")
    assert code == 1
    assert "--> lib.llx:6:33" in err
