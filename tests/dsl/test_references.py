"""References: outputs of tasks, datasets and rows, inline tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.program import Program, Reference

from .fake import FakeCatalogue, checked, codes, program

BASE = """
data corpus = text("a.txt") |> split(validation = 10%)
tokenizer bpe = train_bpe(corpus.train, vocab_size = 1Ki)
model gpt = decoder {}
stage pre = train { model = gpt, tokenizer = bpe, data = corpus }
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("x")
    return tmp_path


def errors(text: str, root: Path) -> list[str]:
    result = checked(BASE + text, root)
    return [code for code, one in zip(codes(result), result.diagnostics, strict=True) if one.is_error]


def value(result: Program, name: str) -> object:
    return result.declarations[name].value


def test_outputs_by_name_and_by_default(root: Path) -> None:
    result = program(
        BASE + 'eval e = evaluate(pre, data = corpus.validation)\nexport x = save(pre.last, to = "out")', root
    )
    evaluation, export = value(result, "e"), value(result, "x")
    assert evaluation.checkpoint.task is value(result, "pre")
    assert (evaluation.checkpoint.output, export.checkpoint.output) == ("best", "last")
    assert (evaluation.data.output, evaluation.data.artifact.name) == ("validation", "rows")
    assert value(result, "pre").data.output == "dataset"
    assert result.final == ("pre", "e", "x")


def test_an_inline_task_is_an_anonymous_node(root: Path) -> None:
    result = program(BASE + 'data d = clean(clean(text("a.txt")))', root)
    inner = value(result, "d").data
    assert isinstance(inner, Reference)
    assert result.label(inner.task) is None
    assert result.place(inner.task).text == 'clean(text("a.txt"))'
    assert inner.task.data.task.arguments == {"files": "a.txt"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tokenizer t = train_bpe(corpus, vocab_size = 1Ki)", ["L0404 corpus"]),
        ('tokenizer t = train_bpe(text("a.txt"), vocab_size = 1Ki)', []),
        ('tokenizer t = train_bpe(text("a.txt") |> split(test = 1%), vocab_size = 1Ki)', ['L0404 text("a.txt") |> split(test = 1%)']),
        ("tokenizer t = train_bpe(corpus.trian, vocab_size = 1Ki)", ["L0402 trian"]),
        ("tokenizer t = train_bpe(corpsu.train, vocab_size = 1Ki)", ["L0201 corpsu"]),
        ("tokenizer t = train_bpe(bpe, vocab_size = 1Ki)", ["L0403 bpe"]),
        ("tokenizer t = train_bpe(gpt, vocab_size = 1Ki)", ["L0403 gpt"]),
        ("tokenizer t = train_bpe(adamw, vocab_size = 1Ki)", ["L0403 adamw"]),
        ("tokenizer t = train_bpe(3, vocab_size = 1Ki)", ["L0301 3"]),
        ('tokenizer t = train_bpe("a.txt", vocab_size = 1Ki)', ['L0301 "a.txt"']),
        ("tokenizer t = train_bpe(txt(3), vocab_size = 1Ki)", ["L0208 txt"]),
        ("eval e = evaluate(pre.loss, data = corpus.train)", ["L0403 pre.loss"]),
        ("eval e = evaluate(pre.best.x, data = corpus.train)", ["L0409 x"]),
        ("eval e = evaluate(gpt.best, data = corpus.train)", ["L0409 best"]),
        ("stage s = finetune { from = pre, data = corpus, patience = pre.loss }", ["L0406 pre.loss"]),
        ("let x = pre.loss * 2", ["L0406 pre.loss"]),
        ("let x = pre", ["L0403 pre"]),
        ("stage s = finetune { from = gpt, data = corpus }", ["L0403 gpt"]),
        ("stage s = train { model = pre, tokenizer = bpe, data = corpus }", ["L0403 pre"]),
        ("data d = pre with { patience = 3 }", ["L0403 pre"]),
        ("stage s = pre.best with { patience = 3 }", ["L0407 pre.best"]),
        ("data d = mix { sources = { a = corpus, b = corpus.train } }", []),
        ("data d = mix { sources = { a = corpus, b = bpe } }", ["L0403 bpe"]),
        ("data d = mix { sources = corpus }", ["L0403 corpus"]),
    ],
)  # fmt: skip
def test_what_fits_where(text: str, expected: list[str], root: Path) -> None:
    assert errors(text, root) == expected


def test_splits_are_named(root: Path) -> None:
    (one,) = [
        d for d in checked(BASE + "tokenizer t = train_bpe(corpus, vocab_size = 1Ki)", root).diagnostics if d.is_error
    ]
    assert one.helps[0].values == {"names": ["corpus.train", "corpus.validation"]}


def test_rules_run_once_for_each_value_and_see_neighbours(root: Path) -> None:
    from llx.dsl.check import check
    from llx.dsl.source import Source

    catalogue = FakeCatalogue()
    result = check(Source("t.llx", BASE, root / "t.llx"), catalogue, root=root)
    assert result.program is not None
    assert [one.of.name for one in catalogue.seen] == ["text", "split", "train_bpe", "decoder", "train"]
    assert catalogue.seen[-1].data.task is catalogue.seen[1]


def test_a_warning_of_a_component_stops_nothing(root: Path) -> None:
    result = checked(BASE + "data d = mix { sources = { wiki = corpus } }", root)
    assert "L0597 corpus" in codes(result)
    assert result.program is not None
