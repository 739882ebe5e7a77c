"""Imported files: what is seen of them, the params set there, and what is said of those that can't be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llx.dsl.check import Checked, check_file
from llx.dsl.program import Program

from .fake import FakeCatalogue, codes, shown

CORPORA = """
param language = "en"
param chars = 10
let least = chars * 2
data raw = text("texts/${language}.txt")
data wiki = raw |> clean(min_chars = least) |> split(validation = 10%)
model gpt = decoder { layers = 3 }
optimizer calm = adamw { lr = 0.1 }
stage unused = train { model = gpt, tokenizer = train_bpe(raw, vocab_size = 1Ki), data = wiki }
"""
MAIN = """
tokenizer bpe = train_bpe(corpora.wiki.train, vocab_size = 1Ki)
stage pre = train { model = corpora.gpt, tokenizer = bpe, data = corpora.wiki, optimizer = corpora.calm }
"""
IMPORT = 'import "common/corpora.llx" as corpora'


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "llx.lock").touch()
    write(tmp_path, "common/corpora.llx", CORPORA)
    write(tmp_path, "common/texts/en.txt", "x")
    write(tmp_path, "common/texts/ja.txt", "x")


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def result(root: Path, text: str, *params: str, name: str = "main.llx") -> Checked:
    write(root, name, text)
    return check_file(root / name, FakeCatalogue(), params=params, shown_name=name)


def program(root: Path, text: str, *params: str) -> Program:
    checked = result(root, text, *params)
    assert checked.program is not None, shown(checked)
    return checked.program


def found(root: Path, text: str) -> list[str]:
    return codes(result(root, text))


def value(made: Program, name: str) -> Any:
    return made.everything[name].value


def test_declarations_are_reached_by_the_name_of_the_import(tmp_path: Path) -> None:
    made = program(tmp_path, IMPORT + MAIN)
    stage = value(made, "pre")
    assert stage.model is value(made, "corpora.gpt")
    assert stage.optimizer.lr == 0.1
    assert (stage.data.task, stage.data.output) == (value(made, "corpora.wiki"), "dataset")
    assert value(made, "bpe").data.output == "train"
    assert made.label(stage.data.task) == "corpora.wiki"


def test_paths_start_at_the_file_that_holds_them(tmp_path: Path) -> None:
    assert value(program(tmp_path, IMPORT + MAIN), "corpora.raw").files == "common/texts/en.txt"


def test_a_path_that_is_handed_over_starts_at_the_file_that_wrote_it(tmp_path: Path) -> None:
    write(tmp_path, "here.txt", "x")
    write(tmp_path, "lib/data.llx", 'param files = "none.txt"\nparam more = ["none.txt"]\ndata d = text(files)')
    write(tmp_path, "lib/none.txt", "x")
    text = 'import "lib/data.llx" as lib { files = "here.txt" }\ntokenizer t = train_bpe(lib.d, vocab_size = 1Ki)'
    assert value(program(tmp_path, text), "lib.d").files == "here.txt"
    text = 'param mine = "lib/none.txt"\n' + text.replace('"here.txt"', "mine")
    assert value(program(tmp_path, text), "lib.d").files == "lib/none.txt"
    assert (
        value(program(tmp_path, text, "mine=here.txt".replace("here.txt", '"here.txt"')), "lib.d").files == "here.txt"
    )


def test_params_are_set_in_the_block_from_names_of_the_importer(tmp_path: Path) -> None:
    block = ' { language = "ja", chars = n * 2 }'
    made = program(tmp_path, "param n = 3\n" + IMPORT + block + MAIN, "n=4")
    assert value(made, "corpora.raw").files == "common/texts/ja.txt"
    assert made.scopes["corpora"].params["chars"].value == 8
    assert value(made, "corpora.wiki").data.task.min_chars == 16
    assert list(made.params) == ["n"]


def test_a_param_may_take_a_declaration_of_the_importer(tmp_path: Path) -> None:
    write(
        tmp_path,
        "lib.llx",
        "model small = decoder {}\nparam base: model = small\nmodel wide = base with { hidden_size = 128 }",
    )
    own = 'import "lib.llx" as lib { base = mine }\nmodel mine = decoder { layers = 7 }'
    made = program(tmp_path, own)
    assert value(made, "lib.wide").arguments == {"layers": 7, "hidden_size": 128}
    assert made.scopes["lib"].params["base"].value == "mine"
    assert program(tmp_path, 'import "lib.llx" as lib').scopes["lib"].params["base"].value == "lib.small"
    assert "L0218 decoder" in found(tmp_path, 'import "lib.llx" as lib { base = decoder }')


def test_with_changes_what_another_file_declares(tmp_path: Path) -> None:
    text = (
        IMPORT
        + MAIN
        + "stage slow = corpora.unused with { optimizer.lr = 0.5, model = corpora.gpt with { layers = 9 } }"
    )
    made = program(tmp_path, text)
    slow = value(made, "slow")
    assert (slow.optimizer.lr, slow.model.layers) == (0.5, 9)
    assert slow.tokenizer.task is value(made, "corpora.unused").tokenizer.task


def test_final_tasks_of_an_imported_file_are_not_run(tmp_path: Path) -> None:
    made = program(tmp_path, IMPORT + MAIN)
    assert made.final == ("pre",)
    assert set(made.declarations) == {"bpe", "pre"}
    assert "corpora.unused" in made.imported


def test_the_same_params_give_the_same_module(tmp_path: Path) -> None:
    text = (
        f'{IMPORT}\nimport "common/corpora.llx" as again {{}}\nimport "common/corpora.llx" as other {{ chars = 11 }}\n'
    )
    text += "stage a = corpora.unused with { data = again.wiki }\nstage b = corpora.unused with { data = other.wiki }"
    made = program(tmp_path, text)
    assert value(made, "a").data.task is value(made, "corpora.wiki")
    assert value(made, "b").data.task is value(made, "other.wiki")
    assert list(made.scopes) == ["", "corpora", "other"]


def test_a_diamond_is_read_once(tmp_path: Path) -> None:
    for n in range(25):
        write(
            tmp_path,
            f"f{n}.llx",
            f'import "f{n + 1}.llx" as a\nimport "f{n + 1}.llx" as b\nmodel m = a.m with {{ heads = 4 }}',
        )
    write(tmp_path, "f25.llx", "model m = decoder {}")
    made = program(tmp_path, 'import "f0.llx" as f\nmodel m = f.m with { heads = 2 }')
    assert len(made.scopes) == 27


def test_imports_of_an_imported_file_are_its_own(tmp_path: Path) -> None:
    write(tmp_path, "mid.llx", IMPORT + "\nmodel wide = corpora.gpt with { layers = 9 }")
    made = program(tmp_path, 'import "mid.llx" as mid\nmodel m = mid.wide with { heads = 2 }')
    assert made.imported["mid.corpora.gpt"].value.layers == 3
    assert found(tmp_path, 'import "mid.llx" as mid\nmodel m = mid.corpora with { heads = 2 }')[0] == "L0257 corpora"


def test_a_plugin_is_seen_in_the_file_that_uses_it_and_nowhere_else(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", "use llx-extra\noptimizer calm = extra.lion { lr = 0.1 }")
    text = 'import "lib.llx" as lib\noptimizer mine = lib.calm with { lr = 0.2 }\n'
    made = program(tmp_path, text)
    assert value(made, "mine").of.name == "extra.lion"
    assert [use.name for use in made.scopes["lib"].uses] == ["llx-extra"]
    assert "L0207 extra.lion" in found(tmp_path, text + "optimizer other = extra.lion { lr = 0.3 }")
    both = "use llx-extra as more\n" + text + "optimizer other = more.lion { lr = 0.3 }"
    assert value(program(tmp_path, both), "other").of.name == "more.lion"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stage s = train { model = corpora.gtp, tokenizer = bpe, data = corpora.wiki }", "L0256 gtp"),
        ("stage s = train { model = corpra.gpt, tokenizer = bpe, data = corpora.wiki }", "L0207 corpra"),
        ("stage s = train { model = corpora, tokenizer = bpe, data = corpora.wiki }", "L0258 corpora"),
        ("stage s = train { model = corpora.raw, tokenizer = bpe, data = corpora.wiki }", "L0403 corpora.raw"),
        ("stage s = train { model = corpora.gpt.best, tokenizer = bpe, data = corpora.wiki }", "L0409 best"),
        ("stage s = train { model = corpora.gpt, tokenizer = bpe, data = corpora.wiki.trian }", "L0402 trian"),
        ("tokenizer t = train_bpe(corpora.wiki, vocab_size = 1Ki)", "L0404 corpora.wiki"),
        ("let x = corpora.chars", "L0257 chars"),
        ("let x = corpora.least", "L0257 least"),
        ("let x = corpora", "L0258 corpora"),
        ("let x = corpora.pre.loss", "L0256 pre"),
        ("let x = corpora.unused.loss", "L0406 corpora.unused.loss"),
        ("model m = corpora.gpt", "L0405 corpora.gpt"),
        ("model m = corpora.gpt { layers = 3 }", "L0211 corpora.gpt"),
        ("model corpora = decoder {}", "L0204 corpora"),
    ],
)
def test_what_does_not_fit(text: str, expected: str, tmp_path: Path) -> None:
    assert [one for one in found(tmp_path, IMPORT + MAIN + text) if not one.startswith(("L09", "L026"))] == [expected]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("{ langage = 3 }", "L0259 langage"),
        ("{ least = 3 }", "L0259 least"),
        ("{ gpt = 3 }", "L0259 gpt"),
        ("{ chars = 3, chars = 4 }", "L0205 chars"),
        ('{ chars = "x" }', 'L0301 "x"'),
        ("{ chars = nope }", "L0201 nope"),
        ('{ chars = env("N", 3) }', 'L0217 env("N", 3)'),
        ("{ chars = mine }", "L0403 mine"),
        ("{ chars = }", "L0101"),
    ],
)
def test_blocks_that_set_something_else(block: str, expected: str, tmp_path: Path) -> None:
    said = found(tmp_path, f"{IMPORT} {block}{MAIN}model mine = decoder {{}}")
    assert [one.strip("} ").strip() for one in said if not one.startswith("L09")] == [expected]


def test_a_mistake_in_an_imported_file_is_shown_there_and_at_the_import(tmp_path: Path) -> None:
    write(tmp_path, "low.llx", "model m = decoder { layer = 3 }\nmodel n = decoder { layers = }")
    write(tmp_path, "mid.llx", 'import "low.llx" as low\nmodel m = low.m with { heads = 2 }')
    checked = result(tmp_path, 'import "mid.llx" as mid\nmodel m = mid.m with { heads = 4 }\nlet x = nope')
    assert [(one.code, one.span.source.name) for one in checked.diagnostics if one.span and one.is_error] == [
        ("L0201", "main.llx"),
        ("L0203", "low.llx"),
        ("L0101", "low.llx"),
    ]
    for one in checked.diagnostics[1:]:
        assert [(str(label.span), label.text.key) for label in one.labels] == [
            ("mid.llx:1:8", "label.imported"),
            ("main.llx:1:8", "label.imported"),
        ]


def test_a_mistake_that_both_imports_of_a_file_have_is_said_once(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", "param p = 1\nmodel m = decoder { layers = 0 }\nmodel n = decoder { layers = p }")
    text = 'import "lib.llx" as a { p = 2 }\nimport "lib.llx" as b { p = 0 }\nmodel m = a.n with { heads = 2 }\nmodel o = b.n with { heads = 2 }'
    assert found(tmp_path, text) == ["L0302 0", "L0302 p"]


def test_a_wrong_value_for_a_param_points_into_the_file_where_it_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", "param p = 1\nmodel m = decoder { layers = p }")
    (one,) = result(tmp_path, 'import "lib.llx" as a { p = 0 }\nmodel m = a.m with { heads = 2 }').diagnostics
    assert one.span is not None
    assert str(one.span) == "lib.llx:2:30"
    assert [(str(label.span), label.text.key) for label in one.labels] == [
        ("lib.llx:1:7", "label.declared"),
        ("main.llx:1:29", "label.set"),
        ("main.llx:1:8", "label.imported"),
    ]


def test_a_value_that_cannot_be_read_in_an_imported_file(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", "model g = decoder {}\nparam base: model = \nmodel h = base with { heads = 2 }")
    checked = result(tmp_path, 'import "lib.llx" as lib\nmodel m = lib.g with { layers = 3 }')
    assert (checked.program, [one.code for one in checked.diagnostics if one.is_error]) == (None, ["L0101"])


def test_circles_are_shown_with_the_whole_way_round(tmp_path: Path) -> None:
    write(tmp_path, "a.llx", 'import "sub/b.llx" as b\nmodel m = b.m with { heads = 2 }')
    write(tmp_path, "sub/b.llx", 'import "../a.llx" as a\nmodel m = a.m with { heads = 2 }')
    (one,) = result(tmp_path, 'import "a.llx" as a\nmodel m = a.m with { heads = 2 }').diagnostics
    assert one.span is not None
    assert (one.code, str(one.span)) == ("L0252", "sub/b.llx:1:8")
    assert one.message.values["path"] == "a.llx -> sub/b.llx -> a.llx"
    assert [str(label.span) for label in one.labels] == ["a.llx:1:8", "main.llx:1:8"]


def test_a_file_that_imports_itself(tmp_path: Path) -> None:
    (one, *_) = result(tmp_path, 'import "main.llx" as me\nmodel m = me.m with { heads = 2 }').diagnostics
    assert (one.code, one.message.values["path"]) == ("L0252", "main.llx -> main.llx")


def test_a_module_that_depends_on_what_is_made_from_it(tmp_path: Path) -> None:
    write(
        tmp_path, "lib.llx", "model small = decoder {}\nparam base: model = small\nmodel wide = base with { heads = 2 }"
    )
    checked = result(tmp_path, 'import "lib.llx" as lib { base = mine }\nmodel mine = lib.small with { layers = 3 }')
    (one,) = [one for one in checked.diagnostics if one.is_error]
    assert (one.code, one.message.values["path"]) == ("L0401", "lib -> mine -> lib")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("common/corpra.llx", "L0250"),
        ("commn/corpora.llx", "L0250"),
        ("common/corpora", "L0250"),
        ("nothing/like/it.llx", "L0250"),
        ("../other.llx", "L0251"),
        ("/etc/passwd", "L0251"),
        ("common", "L0652"),
        ("${x}.llx", "L0253"),
        ("", "L0253"),
        ("bytes.llx", "L0656"),
    ],
)
def test_files_that_cannot_be_imported(path: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "bytes.llx").write_bytes(b"model \xff")
    said = result(tmp_path, f'import "{path}" as c\nmodel m = c.gpt with {{ heads = 2 }}').diagnostics
    assert [one.code for one in said if one.is_error] == [expected]
    places = [said[0].span, *(label.span for label in said[0].labels)]
    assert f'"{path}"' in [place.text for place in places if place]


@pytest.mark.parametrize("path", ["common/corpra.llx", "commn/corpora.llx", "common/corpora"])
def test_a_missing_file_with_a_similar_name(path: str, tmp_path: Path) -> None:
    (one,) = [one for one in result(tmp_path, f'import "{path}" as c').diagnostics if one.is_error]
    assert one.helps[0].values == {"similar": "common/corpora.llx"}


def test_links_that_lead_out_of_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "llx.lock").touch()
    write(tmp_path, "secret.llx", "model m = decoder {}")
    (inside / "link.llx").symlink_to(tmp_path / "secret.llx")
    assert found(inside, 'import "link.llx" as x')[0] == 'L0251 "link.llx"'


def test_too_many_files_in_a_row(tmp_path: Path) -> None:
    for n in range(40):
        write(tmp_path, f"f{n}.llx", f'import "f{n + 1}.llx" as a\nmodel m = a.m with {{ heads = 4 }}')
    said = result(tmp_path, 'import "f0.llx" as f\nmodel m = f.m with { heads = 2 }').diagnostics
    assert [one.code for one in said if one.is_error] == ["L0255"]


def test_too_many_modules(tmp_path: Path) -> None:
    for n in range(12):
        text = (
            f'param p = 1\nimport "f{n + 1}.llx" as a {{ p = p * 2 }}\nimport "f{n + 1}.llx" as b {{ p = p * 2 + 1 }}\n'
        )
        write(tmp_path, f"f{n}.llx", text)
    write(tmp_path, "f12.llx", "param p = 1\nmodel m = decoder {}")
    said = result(tmp_path, 'import "f0.llx" as f').diagnostics
    assert {one.code for one in said if one.is_error} == {"L0255"}


def test_an_import_that_nothing_uses(tmp_path: Path) -> None:
    assert found(tmp_path, IMPORT + "\nmodel m = decoder {}\nmodel n = decoder {}") == ["L0905"]
    write(tmp_path, "lib.llx", "model m = decoder {}")
    used = 'stage s = corpora.unused with { patience = 3 }\nimport "lib.llx" as lib'
    assert found(tmp_path, f"{IMPORT}\n{used}") == ["L0260 lib"]


def test_params_of_an_import_are_not_set_from_the_command_line(tmp_path: Path) -> None:
    checked = result(tmp_path, IMPORT + MAIN, "corpora.chars=3")
    (one,) = [one for one in checked.diagnostics if one.is_error]
    assert (one.code, [note.key for note in one.notes]) == ("L0222", ["L0222.imported"])


def test_the_experiment_of_an_imported_file_sets_nothing(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", "experiment other { seed = 3 }\nmodel m = decoder {}")
    made = program(
        tmp_path, 'experiment mine { seed = 1 }\nimport "lib.llx" as lib\nmodel m = lib.m with { heads = 2 }'
    )
    assert (made.name, made.settings.seed) == ("mine", 1)


def test_expectations_of_what_another_file_makes(tmp_path: Path) -> None:
    text = IMPORT + "\nexpect good = corpora.unused.loss < 3"
    made = program(tmp_path, text)
    (reference,) = made.expects["good"].formula.references
    assert reference.task is value(made, "corpora.unused")
    assert found(tmp_path, text) == []
    for wrong, expected in (
        ("corpora.unused.los", "L0402 los"),
        ("corpora.unusd.loss", "L0256 unusd"),
        ("corpora.gpt", "L0230 corpora.gpt"),
        ("corpora", "L0258 corpora"),
        ("corpora.chars", "L0257 chars"),
        ("corpra.unused.loss", "L0201 corpra"),
    ):
        said = found(tmp_path, f"{IMPORT}\nexpect good = {wrong} < 3\nstage s = corpora.unused with {{ patience = 3 }}")
        assert said == [expected]


def test_expectations_of_an_imported_file_are_its_own(tmp_path: Path) -> None:
    write(tmp_path, "lib.llx", CORPORA.replace("texts/", "common/texts/") + "expect good = unused.loss < 3")
    made = program(tmp_path, 'import "lib.llx" as lib\nstage s = lib.unused with { patience = 3 }')
    assert dict(made.expects) == {}


def test_a_name_that_an_imported_file_may_have_lost_is_not_reported(tmp_path: Path) -> None:
    write(tmp_path, "common/corpora.llx", CORPORA.replace("model gpt =", "model ="))
    said = found(
        tmp_path, f"{IMPORT}\n{MAIN}eval e = evaluate(pre.bst, data = corpora.wiki.train, metrics = [accuracy])\n"
    )
    assert said == ["L0402 bst", "L0101"]
