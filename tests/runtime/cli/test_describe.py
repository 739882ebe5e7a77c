"""`llx describe`: every value of an experiment with its origin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Project

LIBRARY = "use llx-lab\nparam upto = 3\n## Counted elsewhere.\ndata few = lab.numbers(upto)\n"
EXPERIMENT = """experiment mine { seed = 3 }
use llx-lab
param most = 4
let twice = most * 2
import "lib.llx" as lib { upto = most }
data many = lab.numbers(twice)
eval one = lab.mean(lib.few)
eval two = one with { data = many, fail = false }
eval three = lab.mean(lab.numbers(7))
"""


@pytest.fixture(autouse=True)
def files(project: Project) -> None:
    project.write(LIBRARY, "lib.llx")
    project.write(EXPERIMENT)


def lines(out: str) -> list[list[str]]:
    return [line.split(maxsplit=4) for line in out.splitlines()]


def described(project: Project, *args: str) -> dict[str, Any]:
    code, out, err = project.llx("describe", "lab.llx", *args, "--json")
    assert (code, err) == (0, "")
    data: dict[str, Any] = json.loads(out)
    return data


def test_every_value_has_its_place_and_the_sort_of_its_origin(project: Project) -> None:
    code, out, err = project.llx("describe", "lab.llx", "most=5")
    assert (code, err) == (0, "")
    said = [" ".join(line.split()) for line in out.splitlines()]
    assert "param most = 5 lab.llx:3 given on the command line" in said
    assert "eval one = lab.mean lab.llx:7".replace("lab.mean", "mean") in said
    for expected in (
        "seed = 3 lab.llx:1 written",
        "device = auto default",
        "upto = 10 lab.llx:6 let twice (lab.llx:4), param most (given on the command line)",
        "data = lib.few lab.llx:7 written",
        "data = many lab.llx:8 with, in place of lab.llx:7",
        "fail = false lab.llx:8 with, in place of default",
        "data = numbers lab.llx:9 written",
        "upto = 7 lab.llx:9 written",
        "lib lib.llx, imported at lab.llx:5",
        "param lib.upto = 5 lib.llx:2 set at lab.llx:5",
        "## Counted elsewhere.",
        "data lib.few = numbers lib.llx:4",
        "upto = 5 lib.llx:4 param lib.upto (set at lab.llx:5), param most (given on the command line)",
    ):
        assert expected in said


def test_names_narrow(project: Project) -> None:
    code, out, _ = project.llx("describe", "lab.llx", "lib.few", "most")
    assert code == 0
    assert "param most = 4 lab.llx:3 default, lab.llx:3" in [" ".join(line.split()) for line in out.splitlines()]
    assert "data lib.few = numbers" in out
    assert "eval" not in out


def test_a_name_that_is_not_there(project: Project) -> None:
    code, out, err = project.llx("describe", "lab.llx", "lib.fw")
    assert (code, out) == (2, "")
    assert "lib.few" in err


def test_what_is_wrong_with_a_file_is_said(project: Project) -> None:
    project.write(EXPERIMENT + "eval four = lab.mean(lib.fw)\n")
    code, out, err = project.llx("describe", "lab.llx")
    assert (code, out) == (1, "")
    assert "L0256" in err


def test_json_holds_the_same(project: Project) -> None:
    data = described(project, "most=5")
    assert (data["version"], data["experiment"], [file["module"] for file in data["files"]]) == (1, "mine", ["", "lib"])
    entries = {entry["name"]: entry for file in data["files"] for entry in file["declarations"]}
    (upto,) = entries["lib.few"]["fields"]
    assert (upto["value"], upto["origin"], upto["place"]) == (5, "param", {"file": "lib.llx", "line": 4, "column": 24})
    assert [(step["name"], step["how"]) for step in upto["through"]] == [("lib.upto", "import"), ("most", "given")]
    changed = next(one for one in entries["two"]["fields"] if one["name"] == "data")
    assert (changed["origin"], changed["before"]["line"], changed["shown"]) == ("with", 7, "many")
    inline = next(one for one in entries["three"]["fields"] if one["name"] == "data")
    assert [one["shown"] for one in inline["fields"]] == ["7"]


def test_japanese(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, _ = project.llx("describe", "lab.llx")
    assert "既定値" in out
    assert "lib.llx（lab.llx:5 で読み込み）" in out


def test_what_builds_on_a_sweep_has_its_values_from_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        EXPERIMENT + "let more = twice + 1\ndata some = lab.numbers(more)\neval fit = lab.mean(some)\n"
        "sweep s = grid { over = { most = [2, 3] }, minimise = fit.mean }\n"
        "eval best = s.best.fit with { fail = false }\n"
    )
    names = ("best", "some", "most")
    expected = "let more (lab.llx:10), let twice (lab.llx:4), param most = 2 (sweep s, lab.llx:13)"
    code, out, err = project.llx("describe", "lab.llx", *names)
    said = [" ".join(line.split()) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert f"upto = 5 lab.llx:11 {expected}" in said
    # Beside the sweep everything is as it was.
    assert "param most = 4 lab.llx:3 default, lab.llx:3" in said
    assert "upto = 9 lab.llx:11 let more (lab.llx:10), let twice (lab.llx:4), param most (default, lab.llx:3)" in said
    (file,) = (one for one in described(project, *names)["files"] if one["module"] == "")
    best = next(entry for entry in file["declarations"] if entry["name"] == "best")
    (data,) = (one for one in best["fields"] if one["name"] == "data")
    (upto,) = data["fields"]
    assert (upto["value"], upto["origin"]) == (5, "let")
    step = upto["through"][-1]
    assert (step["name"], step["shown"], step["how"], step["sweep"]) == ("most", "2", "sweep", "s")
    assert step["place"] == {"file": "lab.llx", "line": 13, "column": 35}
    assert all("sweep" not in one for one in upto["through"][:-1])
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, _ = project.llx("describe", "lab.llx", "best")
    assert "param most = 2 (sweep s の値, lab.llx:13)" in out
