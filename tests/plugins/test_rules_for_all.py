"""The built-in rules over components that they have never seen: a third party's data, weights and stages."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from llx.dsl.check import check
from llx.dsl.diagnostics.model import Diagnostic
from llx.dsl.diagnostics.words import render
from llx.dsl.source import Source
from llx.plugins.registry import Registry

from .conftest import MakeDistribution

LAB = '''
from pathlib import Path
from typing import Annotated, ClassVar
from llx.plugins.api import (
    Artifact, Audit, RowsUsed,
    CausalLM, CheckpointOf, Data, DataTask, File, Metric, Objective, Reference, Rows, Stage, TokenizerOf, WeightsTask, hookimpl,
)
from llx.plugins.builtin.model.decoder import Decoder


class Hub(DataTask):
    """Data that comes with its splits, from no file."""

    name: ClassVar[str] = "hub"
    columns: ClassVar[tuple[str, ...]] = ("text", "label")
    splits: ClassVar[tuple[str, ...]] = ("train", "validation", "test")
    of: str = "reviews"


class Upper(DataTask):
    """Data of data, which maps over splits and says nothing of where its rows come from."""

    name: ClassVar[str] = "upper"
    positional: ClassVar[tuple[str, ...]] = ("data",)
    data: Data

    @property
    def columns(self):
        return self.data.artifact.columns

    @property
    def splits(self):
        return self.data.artifact.splits if self.data.artifact.name == "dataset" else ()


class Halves(DataTask):
    """Rows, divided in a way of its own."""

    name: ClassVar[str] = "halves"
    positional: ClassVar[tuple[str, ...]] = ("data",)
    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    data: Rows

    @property
    def columns(self):
        return self.data.artifact.columns


class Pretrained(WeightsTask):
    """Weights from elsewhere, of 300 tokens, with any tokenizer."""

    name: ClassVar[str] = "pretrained"
    tokenizer: TokenizerOf

    def outputs(self):
        return Stage.outputs(self)

    def known_vocab_size(self, root):
        return 300

    def described_model(self):
        return Decoder(layers=1, hidden_size=8, heads=1, context_length=32)

    def described_tokenizer(self):
        return self.tokenizer


class Long(CausalLM):
    """Rows of a length of its own."""

    name: ClassVar[str] = "long_lm"
    length: int = 64

    def encoding(self, shape):
        from llx.plugins.api import Packed

        return Packed(length=self.length)


class Learn(Stage):
    """A stage that is not made as ours are."""

    name: ClassVar[str] = "learn"
    rows: Data
    from_: CheckpointOf

    def described_model(self):
        return self.from_.task.described_model()

    def described_tokenizer(self):
        return self.from_.task.described_tokenizer()


class Search(Audit):
    """A task that chooses by what another one measures."""

    name: ClassVar[str] = "search"
    by: Annotated[Reference, Artifact("number")]

    def outputs(self):
        return {"best": Artifact("number")}

    def uses(self):
        return [RowsUsed(use.data, "select", use.split, "by") for use in self.by.task.uses()]


@hookimpl
def llx_components():
    return [Hub, Upper, Halves, Pretrained, Long, Learn, Search]
'''


@pytest.fixture
def lab(make_distribution: MakeDistribution) -> None:
    source = LAB.replace("CausalLM, ", "").replace(
        "from llx.plugins.builtin.model.decoder",
        "from llx.plugins.builtin.objective.causal_lm import CausalLM\nfrom llx.plugins.builtin.model.decoder",
    )
    make_distribution("llx-lab", source)


START = """
use llx-lab
data reviews = lab.hub(of = "reviews")
tokenizer chars = characters(reviews.train)
weights base = lab.pretrained(tokenizer = chars)
"""


def found(text: str, root: Path) -> list[Diagnostic]:
    return check(Source("e.llx", dedent(START + text), root / "e.llx"), Registry(), root=root).diagnostics


def said(text: str, root: Path) -> list[str]:
    """Give the code of each finding with the text that it points at."""
    return [f"{one.code} {one.span.text if one.span else ''}" for one in found(text, root)]


EVAL = "eval scores = evaluate(s.best, data = {rows}, metrics = [accuracy], objective = classification)\n"


@pytest.mark.parametrize(
    ("train", "measure", "codes"),
    [
        ("reviews", "reviews.test", []),
        ("reviews.train", "reviews.test", []),
        ("lab.upper(reviews)", "reviews.test", []),
        ("reviews.test", "reviews.validation", ["L0580 reviews.test"]),
        ("lab.upper(reviews.test)", "reviews.validation", ["L0580 lab.upper(reviews.test)"]),
        ("splits { train = reviews.train, validation = lab.upper(reviews.test) }", "reviews.validation", ["L0581"]),
        ("reviews.train", "reviews.train", ["L0910 reviews.train"]),
        ("halved", "halved.test", ["L0911 reviews.train"]),
        ("halved", "reviews.train", ["L0910 reviews.train"]),
        ("reviews", "halved.test", ["L0583 halved.test"]),
        ("again", "reviews.test", []),
        ("other", "reviews.test", []),
    ],
)
def test_rows_are_followed_through_data_that_says_nothing_of_them(
    lab: None, tmp_path: Path, train: str, measure: str, codes: list[str]
) -> None:
    text = f"""
    data halved = lab.halves(reviews.train)
    data again = lab.hub(of = "reviews")
    data other = lab.hub(of = "letters")
    stage s = lab.learn {{ rows = {train}, from = base.best }}
    """
    everything = dedent(text) + EVAL.format(rows=measure)
    result = [one for one in said(everything, tmp_path) if not one.startswith("L0904")]
    assert len(result) == len(codes)
    assert all(one.startswith(code) for one, code in zip(result, codes, strict=True))


def test_what_chooses_by_a_figure_chooses_by_its_rows(lab: None, tmp_path: Path) -> None:
    text = """
    stage s = lab.learn {{ rows = reviews, from = base.best }}
    eval scores = evaluate(s.best, data = reviews.{}, metrics = [accuracy], objective = classification)
    audit search = lab.search {{ by = scores.accuracy }}
    """
    assert said(text.format("validation"), tmp_path) == []
    [error] = found(text.format("test"), tmp_path)
    assert (error.code, error.span and error.span.text) == ("L0581", "scores.accuracy")
    assert render(error.message, "en") == "`search` chooses by the test split of `reviews`"


def test_a_tokenizer_with_more_tokens_than_the_weights_know(lab: None, tmp_path: Path) -> None:
    def tokenizer(size: int) -> str:
        vocabulary = {f"t{n}": n for n in range(size)}
        added = [{"id": size, "content": "</s>", "special": True}]
        content = {"added_tokens": added, "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "t0"}}
        (tmp_path / f"{size}.json").write_text(json.dumps(content))
        return (
            f'weights other = lab.pretrained(tokenizer = load_tokenizer("{size}.json"))\n'
            "stage s = lab.learn { rows = reviews, from = other.best }\n"
            "stage t = lab.learn { rows = reviews, from = base.best }"
        )

    assert said(tokenizer(297), tmp_path) == [], "297, the end and two roles that are added: 300"
    [error] = found(tokenizer(298), tmp_path)
    assert (error.code, error.span and error.span.text) == ("L0586", 'load_tokenizer("298.json")')
    assert render(error.message, "en") == "`load_tokenizer` has 301 tokens, and the weights of `other` know 300"


def test_rows_longer_than_the_context(lab: None, tmp_path: Path) -> None:
    stage = """
    stage s = finetune {{ from = base.best, data = reviews, objective = lab.long_lm {{ length = {} }}, budget = 1 epoch }}
    """
    assert said(stage.format(33), tmp_path) == []
    [error] = found(stage.format(34), tmp_path)
    assert (error.code, error.span and error.span.text) == ("L0585", "lab.long_lm { length = 34 }")
    assert render(error.message, "en") == "`long_lm` makes rows of 34 tokens, and `decoder` reads 32 at most"


RULES = """
from llx.plugins.api import Optimizer, hookimpl

MESSAGES = {
    "en": {"slow:lr": "{lr} is slow", "slow:lr.help": "be fast", "slow:seen": "`{name}` is `{what}`"},
    "ja": {"slow:lr": "{lr} は遅いです", "slow:lr.help": "速くしてください", "slow:seen": "`{name}` は `{what}` です"},
}

@hookimpl
def llx_messages(language):
    return MESSAGES[language]

@hookimpl
def llx_check(program, findings):
    from llx.plugins.api import Also, Model
    for optimizer in findings.every(Optimizer):
        models = [Also(model, "layers", "slow:seen", {"what": model.name}) for model in findings.every(Model)]
        findings.warning(optimizer, "lr", "slow:lr", {"lr": optimizer.lr}, labels=models)
    %s
"""

EXPERIMENT = """
use llx-slow
data story = text("story.txt")
model gpt = decoder { layers = 2, hidden_size = 8, heads = 1, context_length = 32 }
stage a = train { model = gpt, tokenizer = characters(story), data = story, objective = causal_lm, budget = 1 epoch, optimizer = adamw { lr = 1e-3 } }
stage b = train { model = gpt, tokenizer = characters(story), data = story, objective = causal_lm, budget = 2 epochs }
stage c = a with { budget = 3 epochs }
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    (tmp_path / "story.txt").write_text("once upon a time")
    return tmp_path


def test_a_plugin_s_rule_reports_at_its_places_in_both_languages(
    make_distribution: MakeDistribution, story: Path
) -> None:
    make_distribution("llx-slow", RULES % "")
    result = check(Source("e.llx", EXPERIMENT, story / "e.llx"), Registry(), root=story)
    assert result.program is not None, "a warning doesn't block"
    first, second = result.diagnostics
    assert [first.span and first.span.text, second.span and second.span.line] == ["1e-3", 6]
    assert first.code == second.code == "slow:lr"
    assert [render(first.message, language) for language in ("en", "ja")] == ["0.001 is slow", "0.001 は遅いです"]
    assert [render(help, "en") for help in first.helps] == ["be fast"], "found by its key"
    [label] = first.labels
    assert (label.span.text, render(label.text, "en")) == ("2", "`gpt` is `decoder`")


def test_a_rule_that_fails_is_told_at_its_use_and_keeps_what_it_found(
    make_distribution: MakeDistribution, story: Path
) -> None:
    make_distribution("llx-slow", RULES % "raise RuntimeError('bug')")
    result = check(Source("e.llx", EXPERIMENT, story / "e.llx"), Registry(), root=story)
    assert [one.code for one in result.diagnostics] == ["L0718", "slow:lr", "slow:lr"]
    failed = result.diagnostics[0]
    assert failed.span is not None
    assert failed.span.text == "use llx-slow"
    broken = EXPERIMENT.replace("lr = 1e-3", "lrr = 1e-3")
    result = check(Source("e.llx", broken, story / "e.llx"), Registry(), root=story)
    assert "L0718" not in [one.code for one in result.diagnostics], "it may fail because the program is not whole"
