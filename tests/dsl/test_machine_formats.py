"""Diagnostics for machines: commands of GitHub, and SARIF that its schema admits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics import github, sarif
from llx.dsl.diagnostics.model import Diagnostic, Label, Severity, Text
from llx.dsl.source import Source, Span

from .fake import FakeCatalogue
from .test_cases import CASES, Case

SCHEMA = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
)


def found(text: str, name: str = "a.llx") -> list[Diagnostic]:
    source = Source(name, text, Path(name))
    return check(source, FakeCatalogue(), root=Path("/nowhere")).diagnostics


def valid(diagnostics: list[Diagnostic]) -> dict[str, Any]:
    log = json.loads(sarif.show(diagnostics, "en", version="0.1.0"))
    SCHEMA.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_a_command_of_github_escapes_what_would_end_it() -> None:
    source = Source("a,b:c%.llx", "ab\ncd", Path("x"))
    text = Text("L0112", {"text": "50%\r\n::error::"})
    one = Diagnostic("L0112", text, Span(source, 0, 2), helps=(Text("L0111.help"),))
    (line,) = github.show([one], "en").splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac%25.llx,line=1,endLine=1,col=1,endColumn=3,title=L0112::")
    assert "50%25<U+000D>" in line
    assert line.endswith("%0Ahelp: remove it; in a string it can be written as an escape")


def test_github_gets_columns_of_one_line_alone() -> None:
    source = Source("a.llx", "ab\ncd", Path("x"))
    one = Diagnostic("L0112", Text("L0112", {"text": "x"}), Span(source, 0, 4), Severity.WARNING)
    assert github.show([one], "en") == "::warning file=a.llx,line=1,endLine=2,title=L0112::unexpected character `x`\n"
    nowhere = Diagnostic("L0112", Text("L0112", {"text": "x"}), None)
    assert github.show([nowhere], "en") == "::error title=L0112::unexpected character `x`\n"


def test_sarif_says_what_where_and_how_it_is_mended() -> None:
    run = valid(found("experiment a { device = 'cpu', sed = 3, sed = 4 }\n"))
    assert run["tool"]["driver"]["version"] == "0.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    quote = next(result for result in run["results"] if result["ruleId"] == "L0117")
    assert rules[quote["ruleIndex"]] == "L0117"
    place = quote["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a.llx", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {
        "startLine": 1,
        "startColumn": 25,
        "endLine": 1,
        "endColumn": 30,
        "charOffset": 24,
        "charLength": 5,
    }
    (fix,) = quote["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": '"cpu"'}
    assert replacement["deletedRegion"]["charOffset"] == 24
    assert fix["properties"] == {"certain": True}


def test_sarif_points_to_the_other_places() -> None:
    (result,) = [one for one in valid(found("let a = 1\nlet a = 2\n"))["results"] if one["ruleId"] == "L0204"]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"]["startLine"] == 1
    assert related["message"]["text"] == "`a` stands here already"
    assert result["level"] == "error"


def test_addresses_are_escaped_and_columns_count_code_points() -> None:
    diagnostics = found('experiment a { device = "𝒳" + }\n', "実験 1.llx")
    run = valid(diagnostics)
    assert run["columnKind"] == "unicodeCodePoints"
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "%E5%AE%9F%E9%A8%93%201.llx"


def test_what_lies_in_no_file_has_no_address() -> None:
    source = Source("<command line>", "x=1")
    nowhere = Diagnostic("L0112", Text("L0112", {"text": "x"}), None)
    label = Label(source.whole, Text("L0112", {"text": "x"}))
    given = Diagnostic("L0112", Text("L0112", {"text": "x"}), source.whole, labels=(label,))
    first, second = valid([nowhere, given])["results"]
    assert first["locations"] == []
    assert "physicalLocation" not in second["locations"][0]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_is_valid_sarif(path: Path) -> None:
    case = Case.read(path)
    source = Source(path.name, case.text, path)
    valid(check(source, FakeCatalogue(), root=path.parent).diagnostics)
