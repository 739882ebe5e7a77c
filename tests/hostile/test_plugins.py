"""Plugins that break: named with the distribution and the `use` line, and never more than a diagnostic."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from llx.runtime import face

from .lab import Case, errors, good, judge

EXPERIMENT = """
experiment hostile { seed = 1 }
use llx-evil WANTED
data books = text("book.txt", separator = "\\n") |> split(validation = 30%)
tokenizer letters = characters(books.train)
stage learn = train {
  model = decoder { layers = 1, hidden_size = 8, heads = 2, context_length = 16 }
  tokenizer = letters
  data = books
  objective = OBJECTIVE
  batch = 4 examples
  budget = 2 steps
}
"""
BOOK = "".join(f"It was dark and stormy, night {number}.\n" for number in range(40))
GOOD = """
from typing import ClassVar
from llx.plugins.api import Audit, Field, Objective, hookimpl
from llx.plugins.builtin.objective.causal_lm import CausalLM

TOP
class Evil(CausalLM):
    \"\"\"Learn badly.\"\"\"

    name: ClassVar[str] = "evil"
    BODY

@hookimpl
def llx_components():
    return [Evil]

HOOKS
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Give a function that installs the distribution llx-evil for one test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def make(source: str, version: str = "1.0") -> None:
        (site / "llx_evil.py").write_text(source, encoding="utf-8")
        metadata = site / f"llx_evil-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: llx-evil\nVersion: {version}\n")
        (metadata / "entry_points.txt").write_text("[llx]\nevil = llx_evil\n")

    yield make
    sys.modules.pop("llx_evil", None)


def source(top: str = "", body: str = "", hooks: str = "") -> str:
    indented = dedent(body).strip().replace("\n", "\n    ")
    return GOOD.replace("TOP", dedent(top)).replace("BODY", indented).replace("HOOKS", dedent(hooks))


def case(name: str, code: str, at: str, *says: str, when: str = "check", wanted: str = "") -> Case:
    experiment = EXPERIMENT.replace("WANTED", wanted).replace("OBJECTIVE", "evil.evil")
    return Case(name, experiment, {"book.txt": BOOK}, code, at, says or ("llx-evil",), when)


IMPORTS = {
    "raises": ("raise RuntimeError('bug in the plugin')", "L0714", "bug in the plugin"),
    "has a syntax error": ("def broken(:", "L0714", "SyntaxError"),
    "lacks a package": ("import no_such_package_anywhere", "L0714", "no_such_package_anywhere"),
    "exits": ("raise SystemExit(0)", "L0714", "SystemExit"),
    "recurses": ("def f(): f()\nf()", "L0714", "RecursionError"),
    "has a key of another": (
        source(hooks="@hookimpl\ndef llx_messages(language):\n    return {'L0812': 'all is well'}"), "L0723", "L0812"),
    "has no hook": ("", "L0207", "evil"),
    "registers nonsense": (source().replace("[Evil]", "[Evil, 3]"), "L0713", "3"),
    "registers a component twice": (source().replace("[Evil]", "[Evil, Evil]"), "L0716", "evil"),
    "has a hook that raises": (source(hooks="@hookimpl\ndef llx_kinds():\n    raise ValueError('oh')"), "L0718", "oh"),
    "has a hook that exits": (source(hooks="@hookimpl\ndef llx_kinds():\n    raise SystemExit(3)"), "L0718", "llx_kinds"),
    "has a hook of another signature": (
        source(hooks="@hookimpl\ndef llx_kinds(a, b, c):\n    return []"), "L0718", "register"),
    "has a field without a type": (source(body="anything: object = None"), "L0720", "evil.anything"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTS)
def test_a_plugin_that_is_broken(name: str, install: Callable[..., None], tmp_path: Path) -> None:
    text, code, says = IMPORTS[name]
    install(text)
    made = case(name, code, "", says)
    for file, content in made.files.items():
        (tmp_path / file).write_text(str(content))
    (tmp_path / "case.llx").write_text(made.experiment)
    found = errors(face.check(tmp_path / "case.llx").diagnostics)
    assert code in [one.code for one in found], found
    wrong = next(one for one in found if one.code == code)
    assert wrong.span is not None
    assert wrong.span.line == (10 if code == "L0207" else 3)
    good(wrong, wrong.span.text, (says,))


def test_a_plugin_that_is_not_installed(tmp_path: Path) -> None:
    judge(tmp_path, case("", "L0710", "llx-evil"))


def test_a_plugin_that_is_too_old(install: Callable[..., None], tmp_path: Path) -> None:
    install(source(), version="0.1")
    judge(tmp_path, case("", "L0711", ">= 2", "llx-evil", "0.1", ">= 2", wanted=">= 2"))


def test_a_plugin_that_prints_is_only_warned_of(
    install: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(source(top="print('buy now')", hooks="@hookimpl\ndef llx_kinds():\n    print('and more')\n    return []"))
    made = case("", "", "")
    (tmp_path / "book.txt").write_text(BOOK)
    (tmp_path / "case.llx").write_text(made.experiment)
    checked = face.check(tmp_path / "case.llx")
    assert checked.ok
    [warning] = [one for one in checked.diagnostics if one.code == "L0717"]
    good(warning, "llx-evil", ("buy now", "llx-evil"))
    assert capsys.readouterr().out == ""


RUNS = {
    "a rule that raises": (source(hooks="@hookimpl\ndef llx_check(program):\n    return 1 / 0"), "L0718", "use llx-evil", "check"),
    "a check that raises": (source(body="def check(self, place):\n    raise ValueError('oh')"), "L0715", "evil.evil", "check"),
    "a check that exits": (source(body="def check(self, place):\n    raise SystemExit(0)"), "L0715", "evil.evil", "check"),
    "an encoding that raises": (source(body="def encoding(self, shape):\n    raise KeyError('oh')"), "L0810", "train", "plan"),
    "an encoding that is none": (source(body="def encoding(self, shape):\n    return 3"), "L0810", "train", "plan"),
    "a loss that raises": (source(body="def loss(self, network, batch):\n    raise KeyError('oh')"), "L0810", "train", "run"),
    "a loss that exits": (source(body="def loss(self, network, batch):\n    raise SystemExit(0)"), "L0810", "train", "run"),
    "a loss that is no number": (
        source(body="def loss(self, network, batch):\n    total, parts = super().loss(network, batch)\n    return total * float('nan'), parts"),
        "L0801", "train", "run"),
    "a loss of another sort": (source(body="def loss(self, network, batch):\n    return 'low'"), "L0810", "train", "run"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_plugin_that_breaks_at_work(name: str, install: Callable[..., None], tmp_path: Path) -> None:
    text, code, at, when = RUNS[name]
    install(text)
    made = case(name, code, "", when=when)
    (tmp_path / "book.txt").write_text(BOOK)
    (tmp_path / "case.llx").write_text(made.experiment)
    checked = face.check(tmp_path / "case.llx")
    if when == "check":
        found = errors(checked.diagnostics)
    else:
        assert checked.ok, checked.diagnostics
        found = errors(face.run(tmp_path / "case.llx").diagnostics)
    assert [one.code for one in found] == [code], found
    place = found[0].span.text if found[0].span else None
    assert place == at if at is None or "evil" in at else (place or "").startswith(at)
    good(found[0], place)
