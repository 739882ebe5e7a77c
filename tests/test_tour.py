"""The tour, step by step: its file grows and checks after each step, mistakes say what is shown, commands exist.

A block of the language is added to tour.llx; a declaration replaces the one of the same name. A block that names a file
is that file; `wrong.llx` is behind tour.llx as it stands, and the `text` block after it shows what is said
(`LLX_UPDATE_TOUR=1` writes it anew: read the difference before you commit it).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import click
import pytest
from llx.dsl.check import Checked, check_file
from llx.dsl.diagnostics import plain, words
from llx.dsl.parser import parse
from llx.dsl.source import Source
from llx.dsl.syntax import Experiment, Import, Statement, Use
from llx.plugins.registry import Registry
from llx.runtime.cli.main import HELP, llx
from llx.runtime.words import load

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "docs" / "tour"
STEPS = sorted(path.name for path in TOUR.glob("[0-9]*.md"))
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNUSED = {"L0902", "L0903", "L0904"}
"""A step may bring what the next one uses."""
GONE = {"08": {"books", "speeches"}}
"""What a step says to remove."""


def folder_of(language: str) -> Path:
    return TOUR if language == "en" else TOUR / language


def blocks(step: str, language: str) -> list[tuple[str, str, str]]:
    return FENCE.findall((folder_of(language) / step).read_text(encoding="utf-8"))


class Tour:
    """The file as it stands after some steps, in a folder with the repository's data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.statements: dict[str, str] = {}

    def add(self, text: str) -> None:
        source = Source("block", text)
        tree, diagnostics = parse(source)
        assert diagnostics == []
        at = 0
        for statement in tree.statements:
            end = statement.span.end
            # A doc comment stands before its declaration, or behind it on its line.
            rest = text[end:].split("\n", 1)[0]
            self.statements[key(statement)] = text[at : end + len(rest)].strip("\n")
            at = end + len(rest)

    @property
    def text(self) -> str:
        # What the file uses stands at its head.
        return (
            "\n\n".join(sorted(self.statements.values(), key=lambda one: not one.startswith(("use ", "import "))))
            + "\n"
        )

    def check(self, more: str = "") -> Checked:
        path = self.folder / "tour.llx"
        path.write_text(self.text + ("\n" + more if more else ""), encoding="utf-8")
        return check_file(Path(path.name), Registry())


def key(statement: Statement) -> str:
    match statement:
        case Experiment():
            return "experiment"
        case Use(distribution=distribution):
            return distribution.name
        case Import(alias=alias):
            return alias.name
    return str(statement.name.name)


def test_there_are_ten_steps_in_both_languages_with_the_same_blocks() -> None:
    assert len(STEPS) == 10
    assert [path.name for path in sorted((TOUR / "ja").glob("[0-9]*.md"))] == STEPS
    for step in STEPS:
        english, japanese = (
            [block for block in blocks(step, language) if block[0] != "text"] for language in ("en", "ja")
        )
        assert english == japanese, step
        assert len((TOUR / step).read_text(encoding="utf-8").split("\n")) <= 80, "a step is short"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_file_checks_after_each_step(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llx.lock").touch()
    shutil.copytree(ROOT / "examples" / "data", tmp_path / "data")
    load(language)
    install_focal(tmp_path / "site", monkeypatch)
    monkeypatch.chdir(tmp_path)  # paths are shown from here
    # The plugin's words are gone again with the plugin.
    monkeypatch.setattr(words, "_registered", {key: dict(of) for key, of in words._registered.items()})
    monkeypatch.setattr(words, "_catalogues", {})
    tour = Tour(tmp_path)
    for step in STEPS:
        page = folder_of(language) / step
        listed = blocks(step, language)
        for name in GONE.get(step[:2], ()):
            del tour.statements[name]
        for number, (word, name, text) in enumerate(listed):
            if word != "llx":
                continue
            if name == "wrong.llx":
                follows = listed[number + 1]
                assert follows[0] == "text", f"{step}: a mistake is followed by what is said of it"
                shows(page, follows[2], tour.check(text), language)
            elif name:
                (tmp_path / name).write_text(text, encoding="utf-8")
            else:
                tour.add(text)
        left = {found.code for found in tour.check().diagnostics}
        assert left <= UNUSED, f"{step}: {left}"


def shows(page: Path, text: str, result: Checked, language: str) -> None:
    errors = [found for found in result.diagnostics if found.is_error]
    assert errors
    said = plain.show(errors, language)
    if os.environ.get("LLX_UPDATE_TOUR"):
        whole = page.read_text(encoding="utf-8")
        page.write_text(whole.replace(f"```text\n{text}```", f"```text\n{said}```"), encoding="utf-8")
    else:
        assert text == said


def install_focal(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the example's plugin as pip would, into a folder of its own."""
    source = ROOT / "examples" / "plugins" / "llx-focal"
    shutil.copytree(source / "llx_focal", site / "llx_focal", ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site / "llx_focal-0.2.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: llx-focal\nVersion: 0.2.0\n")
    (metadata / "entry_points.txt").write_text("[llx]\nfocal = llx_focal\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "llx_focal"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.parametrize("step", STEPS)
def test_the_commands_exist(step: str) -> None:
    for word, _, text in blocks(step, "en"):
        if word == "sh":
            for line in text.strip().split("\n"):
                program, name, *rest = shlex.split(line)
                assert program == "llx" and name in HELP, line
                command = llx.get_command(click.Context(llx), name)
                assert command is not None
                options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
                assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_python_of_the_plugin_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    from llx.plugins.testing import conforms

    (source,) = [text for word, _, text in blocks(STEPS[-1], "en") if word == "python"]
    (tmp_path / "step_of_the_tour.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    schedule = import_module("step_of_the_tour").Step()
    conforms(schedule)
    assert (schedule.factor(0, 0.5, int), schedule.factor(9, 0.9, int)) == (1.0, 0.1)
