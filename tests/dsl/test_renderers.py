"""What diagnostics look like: as text, as lines, as JSON."""

from __future__ import annotations

import json as standard_json
from textwrap import dedent

from llx.dsl.diagnostics import concise, json, plain
from llx.dsl.diagnostics.model import Diagnostic, Fix, Label, Severity, Text
from llx.dsl.diagnostics.words import LANGUAGES, register
from llx.dsl.parser import parse
from llx.dsl.source import Source, Span

# The examples say what they say, in every language.
for language in LANGUAGES:
    register(language, {"test:said": "{said}", "test:lines": "full\nreally"})


def say(said: str) -> Text:
    return Text("test:said", {"said": said})


def at(source: Source, text: str) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def shown(diagnostic: Diagnostic) -> str:
    return plain.show([diagnostic], "en")


def drawing(text: str) -> str:
    return dedent(text).removeprefix("\n")


REVIEWS = Source("reviews.llx", "\n" * 36 + "  optimizer = adamw { learning_rate = 6e-4 }\n")
UNKNOWN = Diagnostic(
    "L0203",
    say("unknown field `learning_rate` of optimizer `adamw`"),
    at(REVIEWS, "learning_rate"),
    label=say("not a field of `adamw`"),
    helps=(say("a field with a similar name exists: `lr`"),),
    notes=(say("`adamw` takes lr, betas, eps, weight_decay (llx explain adamw)"),),
    fixes=(Fix(at(REVIEWS, "learning_rate"), "lr"),),
)


def test_the_layout_of_the_design() -> None:
    assert shown(UNKNOWN) == drawing(
        """
        error[L0203]: unknown field `learning_rate` of optimizer `adamw`
           --> reviews.llx:37:23
           |
        37 |   optimizer = adamw { learning_rate = 6e-4 }
           |                       ^^^^^^^^^^^^^ not a field of `adamw`
           |
           = help: a field with a similar name exists: `lr`
           = note: `adamw` takes lr, betas, eps, weight_decay (llx explain adamw)
        """
    )


def test_several_marks_on_a_line() -> None:
    source = Source("a.llx", "let x = 3 h + 4 tokens\n")
    diagnostic = Diagnostic(
        "L0302",
        say("time and tokens can't be added"),
        at(source, "+"),
        Severity.WARNING,
        label=say("added here"),
        labels=(Label(at(source, "4 tokens"), say("tokens")), Label(at(source, "3 h"), say("time"))),
    )
    assert shown(diagnostic) == drawing(
        """
        warning[L0302]: time and tokens can't be added
          --> a.llx:1:13
          |
        1 | let x = 3 h + 4 tokens
          |         --- ^ -------- tokens
          |         |   |
          |         |   added here
          |         time
        """
    )


def test_marks_on_several_lines_and_in_several_files() -> None:
    source = Source("a.llx", "let x = 1\n\nlet y = 2\nlet a = 0\nlet b = 0\nlet x = 3\n")
    other = Source("b.llx", "let x = 4\n")
    second = source.text.rindex("x")
    diagnostic = Diagnostic(
        "L0201",
        say("`x` is bound twice"),
        Span(source, second, second + 1),
        labels=(
            Label(at(source, "x"), say("first here")),
            Label(at(source, "y"), say("not this one")),
            Label(at(other, "x"), say("there too")),
        ),
    )
    assert shown(diagnostic) == drawing(
        """
        error[L0201]: `x` is bound twice
          --> a.llx:6:5
          |
        1 | let x = 1
          |     - first here
        2 |
        3 | let y = 2
          |     - not this one
        ...
        6 | let x = 3
          |     ^
          ::: b.llx:1:5
          |
        1 | let x = 4
          |     - there too
        """
    )


def test_tabs_wide_and_combining_characters() -> None:
    source = Source("a.llx", "\tlet\t小説か\u3099 = ロス # x\n")
    diagnostic = Diagnostic("L0202", say("unknown"), at(source, "ロス"), label=say("here"))
    assert shown(diagnostic).splitlines()[3:] == [
        "1 |     let 小説か\u3099 = ロス # x",
        "  |                  ^^^^ here",
    ]


def test_a_span_of_several_lines() -> None:
    source = Source("a.llx", "stage s = train {\n  a = 1\n  b = 2\n  c = 3\n}\n")
    whole = Span(source, 0, len(source.text) - 1)
    assert shown(Diagnostic("L0210", say("missing"), whole, label=say("no `budget`"))) == drawing(
        """
        error[L0210]: missing
          --> a.llx:1:1
          |
        1 | / stage s = train {
        ...
        5 | | }
          | |_^ no `budget`
        """
    )
    value = Span(source, source.text.index("train"), len(source.text) - 1)
    inner = (Label(at(source, "2"), say("two")),)
    assert shown(Diagnostic("L0210", say("missing"), value, label=say("this"), labels=inner)) == drawing(
        """
        error[L0210]: missing
          --> a.llx:1:11
          |
        1 |   stage s = train {
          |  ___________^
        2 | |   a = 1
        3 | |   b = 2
          | |       - two
        4 | |   c = 3
        5 | | }
          | |_^ this
        """
    )


def test_ends_of_lines_and_files() -> None:
    for text in ("let a =", "let a =\n", "let a =\r\n", "let a = # x"):
        _, diagnostics = parse(Source("a.llx", text))
        assert shown(diagnostics[0]).splitlines()[4] == "  |        ^ expected a value"
    empty = Source("a.llx", "")
    assert shown(Diagnostic("L0200", say("no experiment"), empty.whole)) == drawing(
        """
        error[L0200]: no experiment
          --> a.llx:1:1
          |
        1 |
          | ^
        """
    )


def test_without_a_place() -> None:
    diagnostic = Diagnostic(
        "L0801", say("the disk is full"), None, helps=(say("make room"),), notes=(Text("test:lines"),)
    )
    assert shown(diagnostic) == drawing(
        """
        error[L0801]: the disk is full
          = help: make room
          = note: full
            really
        """
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source("a.llx", "let a = [" + "1, " * 1000 + "x" + ", 1" * 1000 + "]")
    line, marks = shown(Diagnostic("L0202", say("unknown"), at(source, "x"))).splitlines()[3:5]
    assert line.startswith("1 | …")
    assert line.endswith("…")
    assert len(line) < 160
    assert line[marks.index("^")] == "x"


def test_colours_change_nothing_else() -> None:
    import click

    coloured = plain.show([UNKNOWN], "en", colour=True)
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == shown(UNKNOWN)


def test_japanese() -> None:
    _, diagnostics = parse(Source("a.llx", "let a =\nlet b = 3 hours\n"))
    assert plain.show(diagnostics, "ja") == drawing(
        """
        エラー[L0101]: `=` の後には値が必要ですが、行が終わっています
          --> a.llx:1:8
          |
        1 | let a =
          |        ^ 値が必要です

        エラー[L0108]: `hours` という単位はありません
          --> a.llx:2:11
          |
        2 | let b = 3 hours
          |           ^^^^^
          |
          = ヘルプ: 似た単位があります: `h`
          = 補足: 使える単位: steps、epochs、examples、tokens、s、min、h、d、B、kB、MB、GB、KiB、MiB、GiB、J、Wh、kWh、W
        """
    )


def test_lines() -> None:
    placeless = Diagnostic("L0801", Text("test:lines"), None, Severity.WARNING)
    assert concise.show([UNKNOWN, placeless], "en") == drawing(
        """
        reviews.llx:37:23: error[L0203]: unknown field `learning_rate` of optimizer `adamw`
        warning[L0801]: full really
        """
    )


def test_json() -> None:
    placeless = Diagnostic(
        "L0801", say("full"), None, Severity.WARNING, labels=(Label(at(REVIEWS, "adamw"), say("x")),)
    )
    data = standard_json.loads(json.show([UNKNOWN, placeless], "en"))
    span = {
        "file": "reviews.llx",
        "start": {"line": 37, "column": 23, "offset": 58},
        "end": {"line": 37, "column": 36, "offset": 71},
    }
    assert data["version"] == 1
    assert data["summary"] == {"errors": 1, "warnings": 1}
    assert data["diagnostics"][0] == {
        "code": "L0203",
        "severity": "error",
        "message": "unknown field `learning_rate` of optimizer `adamw`",
        "span": span,
        "label": "not a field of `adamw`",
        "labels": [],
        "helps": ["a field with a similar name exists: `lr`"],
        "notes": ["`adamw` takes lr, betas, eps, weight_decay (llx explain adamw)"],
        "fixes": [{"span": span, "replacement": "lr", "certain": True}],
    }
    second = data["diagnostics"][1]
    assert (second["span"], second["label"], second["severity"]) == (None, None, "warning")
    assert second["labels"][0]["text"] == "x"
