"""A real third-party package, installed and used: examples/plugins/llx-focal."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics import words
from llx.dsl.diagnostics.words import render
from llx.dsl.source import Source
from llx.plugins.about import about, about_field
from llx.plugins.canonical import canonical, distribution_digest
from llx.plugins.pages import page
from llx.plugins.registry import Registry
from llx.plugins.sources import content_digest

ROOT = Path(__file__).resolve().parents[2]
FOCAL = ROOT / "examples" / "plugins" / "llx-focal"

EXPERIMENT = """
experiment third_party { seed = 1 }
use llx-focal >= 0.2

data rows = csv("rows.csv", label = "label") |> split(validation = 20%, test = 20%)
tokenizer chars = characters(rows.train)

stage classify = train {
  model     = decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 32 }
  tokenizer = chars
  data      = rows
  objective = focal.focal_classification { gamma = 2 }
  batch     = 16 examples
  budget    = 4 steps
  select    = focal.balanced_accuracy
}
eval scores = evaluate(classify.best, data = rows.test, metrics = [accuracy, focal.balanced_accuracy])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install the package as a wheel into a folder of its own, and put that on the path."""
    folder = tmp_path_factory.mktemp("focal")
    source = shutil.copytree(FOCAL, folder / "source", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    site = folder / "site"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(site), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    sys.path.insert(0, str(site))
    known = {language: dict(texts) for language, texts in words._registered.items()}
    yield site
    sys.path.remove(str(site))
    # Its words are gone again with it.
    words._registered.clear()
    words._registered.update(known)
    words._catalogues.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "llx_focal"]:
        del sys.modules[name]


def checked(text: str, root: Path) -> tuple[list[str], list[str]]:
    """Check an experiment; give the codes of errors and of warnings."""
    (root / "rows.csv").write_text("text,label\n" + "".join(f"row {n} of them,{'ab'[n % 3 == 0]}\n" for n in range(90)))
    result = check(Source("x.llx", dedent(text), root / "x.llx"), Registry(), root=root)
    errors = [found.code for found in result.diagnostics if found.is_error]
    return errors, [found.code for found in result.diagnostics if not found.is_error]


def test_it_is_used_under_its_prefix(site: Path, tmp_path: Path) -> None:
    assert checked(EXPERIMENT, tmp_path) == ([], [])
    assert checked(EXPERIMENT.replace("gamma = 2", "gamma = 9"), tmp_path) == ([], ["focal:gamma"])
    renamed = EXPERIMENT.replace(">= 0.2", ">= 0.2 as f").replace("focal.", "f.")
    assert checked(renamed, tmp_path) == ([], [])


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("code", ["focal:gamma", "focal:select"])
def test_its_codes_have_pages_whose_blocks_are_so(site: Path, tmp_path: Path, code: str, language: str) -> None:
    text = page(code, language)
    assert text is not None and text.startswith(f"# {code}: ")
    assert ("直し方" in text) == (language == "ja")
    mistake, repair = re.findall(r"```llx\n(.*?)```", text, re.DOTALL)
    assert code in checked(mistake, tmp_path)[1]
    assert code not in checked(repair, tmp_path)[1]
    assert page("focal:nothing", language) is None
    assert page("nobody:gamma", language) is None


def test_it_says_in_japanese_what_it_is(site: Path) -> None:
    registry = Registry()
    registry.use("llx-focal", (), "f")
    focal = registry.components("objective")["f.focal_classification"]
    assert about(focal, "ja").startswith("焦点損失")
    assert about_field(focal, "gamma", "ja").startswith("すでに")
    assert about_field(focal, "gamma", "en") == focal.fields["gamma"].description
    assert about_field(focal, "pooling", "ja") == focal.fields["pooling"].description, "what it doesn't say is English"


def test_its_rule_over_the_program(site: Path, tmp_path: Path) -> None:
    by_accuracy = EXPERIMENT.replace("select    = focal.balanced_accuracy", "select    = accuracy")
    assert checked(by_accuracy, tmp_path) == ([], ["focal:select"])
    result = check(Source("x.llx", dedent(by_accuracy), tmp_path / "x.llx"), Registry(), root=tmp_path)
    [warning] = result.diagnostics
    assert warning.span is not None
    assert warning.span.text == "accuracy"
    assert [label.span.text for label in warning.labels] == ["focal.focal_classification { gamma = 2 }"]
    assert render(warning.message, "en") == "`classify` chooses by accuracy, which labels that are rare hardly move"
    assert render(warning.message, "ja").startswith("`classify` は accuracy で選びますが")
    assert [render(text, "en") for text in warning.helps] == [
        "`balanced_accuracy` and `macro_f1` count every label alike"
    ]
    other = by_accuracy.replace("focal.focal_classification { gamma = 2 }", "classification")
    assert checked(other, tmp_path) == ([], [])


def test_without_use_it_is_not_seen(site: Path, tmp_path: Path) -> None:
    errors, _ = checked(EXPERIMENT.replace("use llx-focal >= 0.2", ""), tmp_path)
    assert errors
    assert "focal_classification" not in Registry().components("objective")


def test_mistakes_in_its_fields_are_found_as_in_any(site: Path, tmp_path: Path) -> None:
    assert checked(EXPERIMENT.replace("gamma = 2", "gama = 2"), tmp_path)[0] == ["L0203"]
    assert checked(EXPERIMENT.replace("gamma = 2", "gamma = -1"), tmp_path)[0]
    assert checked(EXPERIMENT.replace(">= 0.2", ">= 9"), tmp_path)[0][0] == "L0711"


def test_its_identity_names_the_package(site: Path) -> None:
    registry = Registry()
    registry.use("llx-focal", [], None)
    value, problems = registry.components("objective")["focal.focal_classification"].build({"gamma": 3.0})
    assert not problems
    form = canonical(value, repr)
    assert form["name"] == "llx_focal:focal_classification"
    assert form["fields"] == {"gamma": 3}
    # Installed from a wheel, its version says what it is; llx itself runs from a checkout here.
    builtin, _ = registry.components("objective")["classification"].build({})
    assert distribution_digest(value) == distribution_digest(builtin)


def test_the_sources_of_a_checkout_are_part_of_the_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.plugins import sources

    package = shutil.copytree(FOCAL / "llx_focal", tmp_path / "edited_focal")
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = []
    for _ in range(2):
        spec = importlib.util.find_spec("edited_focal.metric")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sources._package_digest.cache_clear()
        digests.append(distribution_digest(module.BalancedAccuracy()))
        with (package / "metric.py").open("a") as file:
            file.write("# edited\n")
    sources._package_digest.cache_clear()
    assert digests[0] != digests[1]


def test_its_own_tests_pass(site: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *sys.path])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    done = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", str(FOCAL), str(FOCAL / "tests")],
        capture_output=True,
        text=True,
        env=environment,
        cwd=site,
    )
    assert not done.returncode, done.stdout + done.stderr


def test_a_stage_learns_by_it(site: Path, tmp_path: Path) -> None:
    from llx.runtime.face import run

    checked(EXPERIMENT, tmp_path)
    (tmp_path / "x.llx").write_text(EXPERIMENT)
    result = run(tmp_path / "x.llx")
    assert not result.diagnostics
    metrics = result["scores"].metrics
    assert 0 <= metrics["balanced_accuracy"] <= 1


def test_its_content_has_a_digest_that_an_edit_changes(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_digest("llx-focal", "llx_focal")
    assert before is not None
    copy = shutil.copytree(site, tmp_path / "elsewhere")
    monkeypatch.setattr(sys, "path", [str(copy), *(place for place in sys.path if place != str(site))])
    # What an installer writes, and what Python compiles, is not what was published.
    next(copy.glob("*.dist-info")).joinpath("INSTALLER").write_text("another")
    assert content_digest("llx-focal", "llx_focal") == before
    module = copy / "llx_focal" / "objective.py"
    module.write_text(module.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert content_digest("llx-focal", "llx_focal") not in (None, before)
    assert content_digest("llx-nowhere", "llx_nowhere") is None
