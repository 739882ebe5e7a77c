"""`llx new`: what it makes works as it is, and nothing is written over."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from llx.dsl.parser import parse
from llx.dsl.source import Source
from llx.runtime import scaffold
from llx.runtime.cli.new import KINDS

if TYPE_CHECKING:
    from .conftest import Project

LANGUAGES = ("en", "ja")
TEMPLATES = [path for folder in ("experiment", "plugin") for path in files("llx.runtime.templates").joinpath(folder).iterdir()]  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_experiment_has_no_mistakes(project: Project, language: str) -> None:
    code, out, err = project.llx("new", "novels", "--lang", language)
    assert (code, err) == (0, "")
    assert "llx run experiment.llx" in out
    folder = project.root / "novels"
    assert contents(folder).keys() == {
        "experiment.llx",
        "README.md",
        ".gitignore",
        f"data/{scaffold.BOOKS[language]}",
    }
    code, out, err = project.llx("check", "novels/experiment.llx")
    assert (code, out, err) == (0, "novels/experiment.llx: no mistakes\n", "")
    assert project.llx("fmt", "--check", "novels")[0] == 0, "it is in the canonical layout"


def test_the_language_is_the_users_unless_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, _ = project.llx("new", "novels")
    assert "作りました" in out
    assert "一から学習" in (project.root / "novels" / "experiment.llx").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["novels", "my novels", "2nd", "小説", "not", "a.b-c", "e\u0301tude"])
def test_any_folder_gives_the_experiment_a_name(name: str) -> None:
    text = scaffold.experiment(name, "en")["experiment.llx"].decode()
    tree, diagnostics = parse(Source("experiment.llx", text))
    assert diagnostics == []
    assert tree.statements


def test_nothing_is_written_over(project: Project) -> None:
    (project.root / "full").mkdir()
    (project.root / "full" / "README.md").write_text("mine")
    (project.root / "file").write_text("mine")
    (project.root / "link").symlink_to("nowhere")
    before = contents(project.root)
    for name in ("full", "file", "link", "."):
        for more in ([], ["--plugin"]):
            code, out, err = project.llx("new", name, *more)
            assert (code, out) == (1, "")
            assert "L0870" in err
    assert contents(project.root) == before
    assert not (project.root / "nowhere").exists()


def test_an_empty_folder_is_filled(project: Project) -> None:
    (project.root / "empty").mkdir()
    assert project.llx("new", "empty")[0] == 0
    assert (project.root / "empty" / "experiment.llx").exists()


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(FileExistsError):
        scaffold.write(tmp_path, {"README.md": b"ours"})
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_folder_that_may_not_be_written_to(project: Project) -> None:
    (project.root / "file").write_text("mine")
    code, _, err = project.llx("new", "file/novels")
    assert code == 1
    assert "L0872" in err or "L0870" in err


@pytest.mark.parametrize("name", ["Ünï", "a b", "-x", "9", "llx-", "llx", "llx-llx", "lang", "llx_lang"])
def test_a_plugin_needs_a_name_that_can_be_installed(name: str) -> None:
    assert scaffold.distribution(name) is None


def test_a_wrong_name_of_a_plugin_makes_nothing(project: Project) -> None:
    code, _, err = project.llx("new", "プラグイン", "--plugin")
    assert code == 1
    assert "L0871" in err
    assert not (project.root / "プラグイン").exists()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_is_filled_in(kind: str, language: str) -> None:
    made = scaffold.plugin("llx-my-words", kind, language)
    for name, content in made.items():
        text = content.decode()
        assert not {"«", "»", "│"} & set(text), name
        assert "@" not in text.replace("@hookimpl", "").replace("@pytest", "").replace("@property", ""), name
        if name.endswith(".py"):
            compile(text, name, "exec")
    assert 'my_words = "llx_my_words"' in made["pyproject.toml"].decode()
    usage = made["README.md"].decode().split("```llx\n")[1].split("```")[0]
    assert parse(Source("README.md", usage))[1] == []
    assert f"my_words.{scaffold.KINDS[kind]['component']}" in usage


def test_every_kind_of_the_command_has_templates() -> None:
    assert tuple(scaffold.KINDS) == KINDS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_speaks_both_languages(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert text.count("«") == text.count("»") == text.count("│")


def outcome_of(folder: Path, **environment: str) -> str:
    """Run the tests of a package, and give what they said."""
    paths = os.pathsep.join([str(folder), *sys.path])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run(
        [*command, "tests"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | environment,
    )
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def test_a_new_plugin_passes_its_tests(project: Project) -> None:
    assert project.llx("new", "llx-scores", "--plugin", "metric")[0] == 0
    assert "3 passed" in outcome_of(project.root / "llx-scores")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_new_plugin_passes_its_tests(project: Project, kind: str, language: str) -> None:
    assert project.llx("new", "mine", "--plugin", kind, "--lang", language)[0] == 0
    assert " passed" in outcome_of(project.root / "mine")


@pytest.mark.slow
def test_a_new_plugin_installs_and_is_used(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.llx("new", "llx-days", "--plugin", "data")[0] == 0
    site = project.root / "site"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(site), "./llx-days"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.root)
    assert not done.returncode, done.stderr
    monkeypatch.syspath_prepend(str(site))
    (project.root / "days.txt").write_text("__label__good fine\n__label__bad rain\n")
    project.write('experiment days {}\nuse llx-days\ndata rows = days.fasttext("days.txt")\nlet a = 1\n')
    code, _, err = project.llx("check", "lab.llx", "--format", "concise")
    assert code == 0, err
    code, out, _ = project.llx("explain", "days.fasttext", "--use", "llx-days")
    assert "fastText" in out
    project.write('experiment days {}\nuse llx-days\ndata rows = days.fasttext("lab.llx")\n')
    code, _, err = project.llx("check", "lab.llx")
    assert code == 1
    assert "days:line" in err
    assert "doesn't begin with a label" in err


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_experiment_runs(project: Project, language: str) -> None:
    project.llx("new", "novels", "--lang", language)
    code, out, err = project.llx("run", "novels/experiment.llx")
    assert (code, err) == (0, "")
    assert "scores" in out
    assert out.count("✓") == 3, "it beats the trivial model by both metrics, and is as expected"
