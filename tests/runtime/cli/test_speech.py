"""The command line in two languages: every help text, every text of a command, and what click says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from llx.plugins.kinds import KINDS
from llx.runtime.cli import main as command_line
from llx.runtime.cli import speech
from llx.runtime.messages import (
    en_cli,
    en_doctor,
    en_report,
    en_training,
    ja_cli,
    ja_click,
    ja_doctor,
    ja_help,
    ja_report,
    ja_training,
)

if TYPE_CHECKING:
    from .conftest import Project

FOLDER = Path(command_line.__file__).parent
SAYS = {"echo", "UsageError", "ClickException", "BadParameter", "confirm", "secho"}
ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


def texts() -> set[str]:
    """Give every text of the help of llx's own commands."""
    found = {*command_line.SECTIONS, command_line.llx.help, command_line.llx.epilog}
    found |= {one.help for one in command_line.llx.params if isinstance(one, click.Option)}
    for name in command_line.HELP:
        command = command_line.llx.get_command(click.Context(command_line.llx), name)
        assert command is not None
        found |= {command_line.HELP[name], command.help, command.epilog}
        found |= {one.help for one in command.params if isinstance(one, click.Option)}
    return {text for text in found if text}


def test_every_help_text_is_there_in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "en")
    wanted = texts() | {kind.description for kind in KINDS}
    assert sorted(wanted - ja_help.MESSAGES.keys()) == []
    assert sorted(ja_help.MESSAGES.keys() - wanted) == [], "these are said nowhere"


@pytest.mark.parametrize(
    ("english", "japanese"),
    [(en_cli, ja_cli), (en_doctor, ja_doctor), (en_report, ja_report), (en_training, ja_training)],
    ids=["cli", "doctor", "report", "training"],
)
def test_both_languages_have_the_same_keys_and_values(english: object, japanese: object) -> None:
    one, other = (getattr(module, "MESSAGES") for module in (english, japanese))  # noqa: B009
    assert one.keys() == other.keys()
    for key in one:
        assert set(re.findall(r"\{(\w+)", one[key])) == set(re.findall(r"\{(\w+)", other[key])), key


def test_what_click_says_has_the_same_values() -> None:
    for english, japanese in ja_click.MESSAGES.items():
        there = set(re.findall(r"\{[^}]*\}", english))
        assert set(re.findall(r"\{[^}]*\}", japanese)) <= there, english


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_speaks_english_alone(path: Path) -> None:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in SAYS:
            for part in (inner for argument in call.args for inner in ast.walk(argument)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    assert not ENGLISH.search(part.value), f"{path.name}:{part.lineno} {part.value!r}"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--help",),
        ("check",),
        ("checc",),
        ("zzz",),
        ("check", "--fixx", "a.llx"),
        ("check", "a.llx", "--format", "x"),
        ("check", "a.llx", "--format"),
        ("check", "--fix=3", "a.llx"),
        ("generate", "a.llx", "b", "--seed", "x"),
        ("generate", "a.llx", "b", "--seed", "-1"),
        ("run", "a.llx", "b"),
        ("runs", "3"),
        ("explain", "zzzz"),
        ("explain", "L9999"),
        ("components", "zzzz"),
        ("show", "zzz"),
        ("predict", "a.llx"),
        *((name, "--help") for name in command_line.HELP),
    ],
    ids=" ".join,
)
def test_nothing_is_english_in_japanese(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, err = project.llx(*arguments)
    assert re.search("[ぁ-んァ-ン]", out + err)
    # Commands and examples are the same in every language.
    said = re.sub(
        r"`[^`]*`|llx [\x20-\x7e]*|--?[a-z].*?  |\[[^\]]*\]|[A-Z=.\[\]_| ]{2,}|127.0.0.1|TensorBoard", "", out + err
    )
    assert not ENGLISH.search(said), said


def test_english_leaves_click_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "en")
    assert speech.translated("Usage:") == "Usage:"
    command = command_line.llx.get_command(click.Context(command_line.llx), "check")
    assert command is not None
    assert speech.in_users_language(command) is command


def test_a_language_changes_no_command_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    context = click.Context(command_line.llx)
    monkeypatch.setenv("LLX_LANG", "ja")
    spoken = command_line.llx.get_command(context, "check")
    monkeypatch.setenv("LLX_LANG", "en")
    plain = command_line.llx.get_command(context, "check")
    assert spoken is not None
    assert plain is not None
    assert spoken.help != plain.help == command_line.HELP["check"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_writes_a_script_of_the_shell(project: Project, shell: str) -> None:
    code, out, err = project.llx("completion", shell)
    assert (code, err) == (0, "")
    assert "_LLX_COMPLETE" in out
    assert f"{shell}_complete" in out
