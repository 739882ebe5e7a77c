"""Expectations and smoke runs on the command line, with a plugin whose tasks heed a smoke run by themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import EXPERIMENT, PLUGIN

if TYPE_CHECKING:
    from .conftest import Project

EXPECTS = """
expect low  = average.mean < 3
expect high = average.mean > upto and few.rows == 5
"""

HEEDING = """        upto = self.upto
        if work.smoke is not None and upto > 3:
            upto = 3
            work.smoke.cut()
        (work.directory / "numbers.json").write_text(json.dumps(list(range(upto))))
        return {"rows": upto}
"""


@pytest.fixture(autouse=True)
def file(project: Project) -> None:
    project.write(EXPERIMENT + EXPECTS)


def test_a_run_shows_what_is_as_expected_and_fails_otherwise(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx")
    lines = out.splitlines()
    assert code == 1
    assert any(line.startswith("All ran in ") for line in lines)
    at = lines.index("Expectations")
    assert lines[at + 1] == "  ✓ low   average.mean 2.000 < 3"
    assert lines[at + 2] == "  ✗ high  average.mean 2.000 > upto 5 and few.rows 5 == 5"
    assert "error[L0850]: `high` is not so" in err
    assert "lab.llx:11:8" in err
    again = project.llx("run", "lab.llx", "upto=5")
    assert (again[0], "nothing to run" in again[1], "L0850" in again[2]) == (1, True, True)


def test_json_lines_tell_of_it(project: Project) -> None:
    code, out, _ = project.llx("run", "lab.llx", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    judged = {event["name"]: event["state"] for event in events if event.get("event") == "judged"}
    assert (code, judged) == (1, {"low": "met", "high": "failed"})
    assert events[-1]["expects"] == judged
    assert events[-2]["state"] == "failed"
    _, out, _ = project.llx("runs", "--json")
    assert json.loads(out)["runs"][0]["expects"]["high"]["shown"].startswith("average.mean 2.000 >")


def test_the_plan_and_the_record_name_them(project: Project) -> None:
    code, out, _ = project.llx("plan", "lab.llx")
    assert code == 0
    assert ["expect", "low", "average.mean", "<", "3", "judged", "after", "the", "run"] in map(
        str.split, out.splitlines()
    )
    _, out, _ = project.llx("plan", "lab.llx", "--json")
    assert json.loads(out)["expects"][0] == {"name": "low", "formula": "average.mean < 3"}
    project.llx("run", "lab.llx")
    assert "✗ high  average.mean 2.000 > upto 5" in project.llx("show")[1]


def test_only_takes_an_expectation(project: Project) -> None:
    code, out, _ = project.llx("run", "lab.llx", "--only", "low")
    assert (code, "low" in out, "high" in out) == (0, True, False)
    code, _, err = project.llx("run", "lab.llx", "--only", "lov")
    assert (code, "`low`" in err) == (1, True)


def test_a_smoke_run_judges_nothing_and_a_test_what_it_can(project: Project) -> None:
    text = EXPERIMENT + EXPECTS + "expect one = few.rows == 5\n"
    project.write(text)
    code, out, err = project.llx("run", "--smoke", "lab.llx")
    assert (code, err) == (0, "")
    assert out.startswith("lab, smoke run: 2 tasks")
    assert "  · low   average.mean 2.000 < 3  (a smoke run judges nothing)" in out
    assert "Results" not in out
    code, out, _ = project.llx("test", "lab.llx")
    assert (code, "✗ high" in out, "✓ low" in out) == (1, True, True), "this plugin takes no less in a smoke run"


def test_a_plugin_that_takes_less_says_so(project: Project) -> None:
    start = PLUGIN.index('        (work.directory / "numbers.json")')
    end = PLUGIN.index("class Mean")
    plugin = project.root.parent / "site" / "llx_lab_plugin.py"
    plugin.write_text(PLUGIN[:start] + HEEDING + "\n\n" + PLUGIN[end:])
    code, out, err = project.llx("test", "lab.llx")
    assert (code, err) == (0, "")
    assert "  · low   average.mean 1.000 < 3  (`average` was cut short)" in out
    code, out, _ = project.llx("test", "lab.llx", "upto=3")
    assert "  ✓ low   average.mean 1.000 < 3" in out


def test_in_japanese(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, err = project.llx("run", "lab.llx")
    assert "期待どおりでないものがあります" in out
    assert "`high` が成り立ちません" in err


def test_describe_shows_them_evaluated(project: Project) -> None:
    code, out, _ = project.llx("describe", "lab.llx", "upto=7")
    assert code == 0
    assert "expect high = average.mean > 7 and few.rows == 5" in out
