"""Files of the language over the real components: what is built, and where mistakes are seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from llx.dsl.check import Checked, check_file
from llx.dsl.program import Reference
from llx.dsl.quantities import Quantity
from llx.plugins.registry import Registry

WHOLE = """
experiment demo { seed = 7 }
use llx-lang >= 0.1
param width: int = 128
data novels = text("books/*.txt") |> clean(min_chars = 2)
data corpus = mix {
  sources = { novels = novels, more = text("books/a.txt") }
  weights = { novels = 3, more = 7 }
} |> split(validation = 10%)
model gpt = decoder { layers = 6, hidden_size = width, heads = width / 32, context_length = 128 }
stage pretrain = train {
  model = gpt
  tokenizer = train_bpe(corpus.train, vocab_size = 1Ki)
  data = corpus
  objective = causal_lm
  optimizer = adamw { lr = 1e-3 }
  budget = [20M tokens, 3 h]
}
data reviews = csv("reviews.csv", label = "stars") |> split(validation = 10%, test = 10%)
stage classify = finetune {
  from = pretrain.best, data = reviews, objective = classification, select = macro_f1, budget = 3 epochs
}
eval scores = evaluate(classify.best, data = reviews.test, metrics = [accuracy, macro_f1])
stage slow = pretrain with { model.dropout = 10%, optimizer.lr = 1e-4, schedule.warmup = 3 steps }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "llx.lock").touch()
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "a.txt").write_text("once upon a time " * 200)
    (tmp_path / "reviews.csv").write_text("text,stars\nfine,5\nbad,1\n")
    return tmp_path


def checked(folder: Path, text: str, *params: str) -> Checked:
    (folder / "e.llx").write_text(text)
    return check_file(folder / "e.llx", Registry(), params=params)


def test_a_whole_file(folder: Path) -> None:
    result = checked(folder, WHOLE, "width=256")
    assert result.diagnostics == []
    program = result.program
    assert program is not None
    values = {name: declared.value for name, declared in program.declarations.items()}
    assert (values["gpt"].hidden_size, values["gpt"].heads) == (256, 8)
    assert values["pretrain"].model is values["gpt"]
    assert values["pretrain"].budget == [Quantity(20_000_000, "tokens"), Quantity(10800, "time")]
    assert isinstance(values["classify"].from_, Reference)
    assert values["classify"].from_.task is values["pretrain"]
    assert (values["slow"].model.dropout, values["slow"].optimizer.lr) == (0.1, 1e-4)
    assert values["slow"].schedule.warmup == Quantity(3, "steps")
    assert program.final == ("pretrain", "classify", "scores", "slow")


def test_places_survive_building(folder: Path) -> None:
    program = checked(folder, WHOLE).program
    assert program is not None
    pretrain, slow = program.declarations["pretrain"].value, program.declarations["slow"].value

    def text(component: object, field: str | None = None) -> str:
        place = program.place(component, field)
        assert place is not None
        return place.text

    assert text(pretrain.optimizer, "lr") == "1e-3"
    assert text(slow.optimizer, "lr") == "1e-4"
    assert text(slow.model, "heads") == "width / 32"
    assert (
        text(pretrain.data.task.data.task)
        == 'mix {\n  sources = { novels = novels, more = text("books/a.txt") }\n  weights = { novels = 3, more = 7 }\n}'
    )
    assert program.place(pretrain.schedule) is None


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("heads = width / 32", "heads = 3", "3"),
        ('label = "stars"', 'label = "star"', '"star"'),
        ("vocab_size = 1Ki", "vocab_size = 10", "10"),
        ("adamw { lr = 1e-3 }", "adamw { lr = 1e-3, betas = [0.9, 1.5] }", "1.5"),
        ('"books/*.txt"', '"boks/*.txt"', '"boks/*.txt"'),
        ("  optimizer = adamw", "  batch = 4 tokens\n  optimizer = adamw", "4 tokens"),
        ("metrics = [accuracy, macro_f1]", "metrics = [accuracy, macro_f1, accuracy]", "accuracy"),
        ("metrics = [accuracy, macro_f1]", "metrics = accuracy", "accuracy"),
        ("schedule.warmup = 3 steps", "schedule.warmpu = 3 steps", "warmpu"),
    ],
)
def test_mistakes_are_seen_where_they_are(folder: Path, old: str, new: str, at: str) -> None:
    assert old in WHOLE
    found = [one for one in checked(folder, WHOLE.replace(old, new)).diagnostics if one.is_error]
    assert [one.span.text if one.span else None for one in found] == [at]


def test_a_single_value_where_a_list_is_wanted_is_helped_to_its_brackets(folder: Path) -> None:
    [error] = checked(folder, WHOLE.replace("[accuracy, macro_f1]", "accuracy")).diagnostics
    assert [(one.key, one.values["text"]) for one in error.helps] == [("help.brackets", "[accuracy]")]
    [error] = checked(folder, WHOLE.replace("lr = 1e-3", "lr = 1e-3, betas = 0.9")).diagnostics
    assert error.helps == (), "one beta is too few in brackets as well"


def test_a_batch_in_tokens_is_rounded_down_to_whole_rows(folder: Path) -> None:
    program = checked(
        folder, WHOLE.replace("  optimizer = adamw", "  batch = 1000 tokens\n  optimizer = adamw")
    ).program
    assert program is not None
    pretrain, classify = (program.declarations[name].value for name in ("pretrain", "classify"))
    assert pretrain.estimate(lambda task: {}).rows == 7
    few = {"splits": {"train": {"rows": 5, "tokens": 640}}}
    assert pretrain.estimate(lambda task: few).rows == 5
    short = {"splits": {"train": {"rows": 100, "tokens": 2000}}}
    in_tokens = classify.model_copy(update={"batch": Quantity(1000, "tokens")})
    assert in_tokens.estimate(lambda task: {}).rows is None
    assert in_tokens.estimate(lambda task: short).rows == 50
    assert classify.estimate(lambda task: {}).rows == 32


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("data d = take(reviews, 120%)", "L0302 120%"),
        ("data d = mix { sources = { a = novels }, weights = { a = 0 } }", "L0302 0"),
        ("data d = mix { sources = {} }", "L0590 {}"),
        ('data d = csv("reviews.csv", delimiter = ";;")', 'L0590 ";;"'),
    ],
)
def test_ranges_within_types_are_the_language_s_own(folder: Path, line: str, said: str) -> None:
    found = [one for one in checked(folder, f"{WHOLE}{line}\n").diagnostics if one.is_error]
    assert [f"{one.code} {one.span.text}" for one in found if one.span] == [said]
    assert found[0].message.key != "L0590", "pydantic's English in every language"


@pytest.mark.parametrize(
    ("to", "codes"),
    [
        ("out/a", []),
        ("books", []),
        (".", ["L0667"]),
        ("books/..", ["L0667"]),
        ("reviews.csv", ["L0665"]),
        ("../a", ["L0661"]),
        ("out/b", ["L0556"]),
        ("./out/c/../b", ["L0556"]),
    ],
)
def test_where_an_export_goes(folder: Path, to: str, codes: list[str]) -> None:
    exports = (
        f'export one = safetensors(pretrain.best, to = "out/b")\nexport two = safetensors(classify.best, to = "{to}")'
    )
    found = checked(folder, f"{WHOLE}{exports}\n").diagnostics
    assert [one.code for one in found] == codes
    assert all(one.span is not None and one.span.text == f'"{to}"' for one in found)


@pytest.mark.parametrize(
    ("checkpoint", "objective", "codes"),
    [
        ("pretrain.best", "classification", ["L0557"]),
        ("classify.best", "classification { keep = end }", []),
    ],
)
def test_what_a_checkpoint_can_be_measured_with(
    folder: Path, checkpoint: str, objective: str, codes: list[str]
) -> None:
    line = f"eval e = evaluate({checkpoint}, data = reviews.test, metrics = [accuracy], objective = {objective})"
    assert [one.code for one in checked(folder, f"{WHOLE}{line}\n").diagnostics] == codes


def test_checking_loads_nothing_heavy(folder: Path) -> None:
    (folder / "e.llx").write_text(WHOLE)
    code = (
        "import sys; from pathlib import Path; from llx.dsl.check import check_file\n"
        "assert 'pydantic' not in sys.modules and 'pluggy' not in sys.modules, 'the language needs no plugin'\n"
        "from llx.plugins.registry import Registry\n"
        f"assert check_file(Path({str(folder / 'e.llx')!r}), Registry()).program is not None\n"
        "print([name for name in ('torch', 'numpy', 'pyarrow', 'tokenizers', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plan_counts_both_streams_of_an_encoder_and_decoder(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("de,en\nein Hund,a dog\n", encoding="utf-8")
    text = """
    experiment e {}
    data pairs = csv("pairs.csv", text = none, columns = { source = "de", target = "en" })
    tokenizer letters = characters(pairs, column = "target")
    model t5 = encoder_decoder { layers = 1, hidden_size = 16, heads = 2, context_length = 32 }
    stage translate = train {
      model = t5, tokenizer = letters, data = pairs, objective = sequence_to_sequence
      batch = 8 examples, budget = 10 steps
    }
    """
    program = checked(tmp_path, text).program
    assert program is not None
    translate = program.declarations["translate"].value
    estimate = translate.estimate(lambda task: {"vocab_size": 50})
    assert estimate.tokens == 10 * 8 * 2 * 32
    assert estimate.flops == 3 * translate.model.flops_per_token(50, 32) * estimate.tokens
