"""What the documents say is so: commands, hooks, files of the language, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from llx.dsl.check import check_file
from llx.dsl.parser import parse
from llx.dsl.source import Source
from llx.plugins import api
from llx.plugins.hooks import Hooks
from llx.plugins.registry import Registry
from llx.runtime import face
from llx.runtime.cli.main import HELP, llx

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
PAGES = ROOT / "docs" / "diagnostics"
"""They show mistakes, and test_pages.py knows which."""
EXAMPLES = sorted((ROOT / "examples").glob("*.llx"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path, language: str) -> list[str]:
    return [text for word, text in BLOCK.findall(document.read_text(encoding="utf-8")) if word == language]


def test_the_readmes_give_the_same_commands() -> None:
    english, japanese = (blocks(ROOT / name, "sh") for name in ("README.md", "README.ja.md"))
    assert english == japanese
    assert [len(block.strip().split("\n")) for block in english] == [1, 1], "each is one line"
    run, test = (block.strip() for block in english)
    assert run.endswith("llx run examples/quickstart.llx")
    assert test.endswith("pytest")
    # CI takes the test command from the README itself, by how it begins and ends.
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_line 'pytest'" in ci
    assert test in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if PAGES not in path.parents], ids=lambda path: str(path.relative_to(ROOT))
)
def test_what_is_shown_of_the_language_parses(document: Path) -> None:
    for text in blocks(document, "llx"):
        source = Source(document.name, text.replace("{ …, ", "{ "))
        assert parse(source)[1] == [], text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_no_mistakes(example: Path) -> None:
    checked = check_file(example, Registry(), root=ROOT)
    fetched = [one for one in checked.diagnostics if one.code == "L0743"]
    assert checked.diagnostics == fetched
    for one in fetched:  # weights that the repository doesn't carry
        (help_,) = one.helps
        assert str(help_.values["command"]).startswith("python examples/fetch.py ")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_planned(example: Path, tmp_path: Path) -> None:
    planned = face.plan(example, store=tmp_path / "store")
    fetched = [one for one in planned.diagnostics if one.code == "L0743"]
    assert planned.diagnostics == fetched
    if not fetched:
        assert planned.plan is not None
        trained = [task.node.label for task in planned.plan.tasks if task.node.task.kind == "stage"]
        assert trained
        assert all(planned.estimates[label].parameters for label in trained)


def test_the_readme_shows_a_file_of_25_lines_at_most() -> None:
    for name in ("README.md", "README.ja.md"):
        (text,) = blocks(ROOT / name, "llx")
        lines = [line for line in text.split("\n") if line.strip()]
        assert 15 <= len(lines) <= 25


def test_every_hook_is_documented() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for hook in (name for name in vars(Hooks) if name.startswith("llx_")):
        assert f"`{hook}(" in text, hook


def test_every_method_of_an_objective_is_documented() -> None:
    text = (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8")
    for base in (api.Objective, api.Predicting, api.Writing):
        for name in (name for name in vars(base) if not name.startswith(("_", "model_"))):
            if callable(getattr(base, name)) or name in (
                "columns",
                "attention",
                "gives",
                "of_records",
                "predicts",
                "writes",
            ):
                assert f"`{name}" in text, name


def test_what_the_api_names_is_there() -> None:
    assert sorted(api.__all__) == sorted(set(api.__all__))
    for name in api.__all__:
        assert hasattr(api, name), name


@pytest.mark.parametrize("name", HELP)
def test_every_command_says_what_it_does(name: str) -> None:
    import click

    command = llx.get_command(click.Context(llx), name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
