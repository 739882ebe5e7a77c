"""Typing: diagnostics of broken files, completion, hover, signatures, over stdio with a real client."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types

from .conftest import ROOT, Editor

pytestmark = pytest.mark.asyncio(loop_scope="session")

DATA = 'data books = text("books/*.txt") |> split(validation = 5%)\n'
MODEL = "model gpt = decoder { layers = 2, hidden_size = 64, heads = 4, context_length = 32 }\n"
FIVE = """\
model gpt = decoder {
  layers = 2, hidden_size = 64, heads = 4, context_length = 32
  dropot = 10%
}
tokenizer bpe = train_bpe(bookz, vocab_size = 8Ki)
stage s = train {
  model = gpt
  budget = 3 hours
  optimizer = adamw { lr = }
}
exprt e = 3
"""


def errors(found: list[types.Diagnostic]) -> list[types.Diagnostic]:
    return [one for one in found if one.severity is types.DiagnosticSeverity.Error]


# Diagnostics


async def test_diagnostics_point_at_the_mistake_and_go_when_it_is_mended(editor: Editor) -> None:
    await editor.write(MODEL.replace("layers", "lyers"))
    (field,) = errors(await editor.diagnostics())
    assert field.code == "L0203", "a misspelt field is not missing too"
    assert editor.cut(field.range) == "lyers"
    assert field.source == "llx"
    assert "help: " in field.message and "`layers`" in field.message
    await editor.write(MODEL)
    assert errors(await editor.diagnostics()) == []


async def test_a_broken_file_has_all_its_mistakes(editor: Editor) -> None:
    await editor.write(FIVE)
    found = errors(await editor.diagnostics())
    assert {editor.cut(one.range) for one in found} >= {"dropot", "bookz", "hours", "exprt"}
    assert any(one.code == "L0101" and one.range.start.line == 8 for one in found), "`lr =` has no value"


async def test_positions_are_utf16(editor: Editor) -> None:
    await editor.write('let 小説 = "🎉𠮷" + nothing_there\nexperiment 実験 { seed = 小説 }\n')
    found = errors(await editor.diagnostics())
    unknown = next(one for one in found if one.code == "L0201")
    assert unknown.range == types.Range(types.Position(0, 18), types.Position(0, 31))
    assert editor.cut(unknown.range) == "nothing_there"


async def test_only_the_newest_text_is_reported(editor: Editor) -> None:
    for n in range(5):
        await editor.write(f"let a = {n} +\nlet unused_{n} = b\n")
    await editor.write("let a = 1 m\n")
    found = await editor.diagnostics()
    assert [editor.cut(one.range) for one in errors(found)] == ["m"]
    await asyncio.sleep(0.3)
    published = editor.client.published[editor.uri]
    assert published.version == editor.version


async def test_closing_clears(editor: Editor) -> None:
    await editor.write("let a = b\n")
    assert await editor.diagnostics()
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
    for _ in range(100):
        if not editor.client.published[editor.uri].diagnostics:
            break
        await asyncio.sleep(0.02)
    assert list(editor.client.published[editor.uri].diagnostics) == []


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.llx")))
async def test_the_examples_have_no_mistakes(editor: Editor, example: str) -> None:
    editor.path = ROOT / "examples" / example
    editor.uri = editor.path.as_uri()
    await editor.write(editor.path.read_text(encoding="utf-8"))
    # Weights that are fetched by a command of their own aren't there.
    assert [found.code for found in await editor.diagnostics() if found.code != "L0743"] == []


# Completion


async def test_kinds_and_statements_at_the_margin(editor: Editor) -> None:
    found = await editor.completions(MODEL + "¦")
    assert {"data", "stage", "eval", "param", "let", "import", "experiment"} <= found.keys()
    assert "decoder" not in found
    assert await editor.complete(MODEL + "st¦", "stage") == MODEL + "stage ${1:name} = $0"


async def test_fields_that_are_not_given_yet(editor: Editor) -> None:
    found = await editor.completions("model gpt = decoder {\n  layers = 2\n  ¦\n  heads = 4\n}\n")
    assert "hidden_size" in found and "layers" not in found and "heads" not in found
    required = next(iter(found.values()))
    assert required.detail is not None and "(required)" in required.detail
    assert found["dropout"].detail == "a number of at least 0 and below 1 (default: 0)"


@pytest.mark.parametrize(
    "text",
    [
        "model gpt = decoder {\n  layers = 2\n  ¦",  # the rest isn't written yet
        "model gpt = decoder {\n  layers = \n  ¦\n}\n",
        "model gpt = decoder {\n  layers = 2 ) \n  dro¦\n}\n",
        "model gpt = decoder { ¦\n\ntokenizer bpe = train_bpe(",
        "let broken = = 3\nmodel gpt = decoder { ¦ }\nstage x = train {",
    ],
)
async def test_fields_in_broken_files(editor: Editor, text: str) -> None:
    assert "dropout" in await editor.completions(text)


async def test_words_of_the_set(editor: Editor) -> None:
    assert list(await editor.completions("model gpt = decoder { positions = ¦ }"))[:2] == ["learned", "rope"]
    found = await editor.completions("experiment e { device = c¦ }")
    assert {"auto", "cpu", "cuda"} <= found.keys() and "gpt" not in found


@pytest.mark.parametrize(
    "text", ["budget = 20 ¦", "budget = 20 e¦", "budget = [3 h, 20 ¦]", "budget = 20 ¦\n  batch = 3 tokens"]
)
async def test_units_by_dimension(editor: Editor, text: str) -> None:
    found = await editor.completions(f"stage s = train {{\n  {text}\n}}\n")
    assert list(found) == ["steps", "epochs", "tokens", "s", "min", "h", "d"]


async def test_no_units_where_a_number_is_wanted(editor: Editor) -> None:
    assert await editor.completions("model gpt = decoder { layers = 3 ¦ }") == {}


async def test_components_and_declarations_of_the_kind(editor: Editor) -> None:
    text = MODEL + "optimizer calm = adamw { lr = 1e-4 }\nstage s = train {\n  optimizer = ¦\n}\n"
    found = await editor.completions(text)
    assert {"calm", "adamw"} <= found.keys()
    assert not {"gpt", "decoder", "cosine"} & found.keys()


async def test_a_component_brings_its_required_fields(editor: Editor) -> None:
    assert "context_length = $" in await editor.complete("model gpt = ¦", "decoder")
    assert await editor.complete("model gpt = ¦ {}", "decoder") == "model gpt = decoder {}"


async def test_data_and_its_splits(editor: Editor) -> None:
    found = await editor.completions(DATA + "tokenizer bpe = train_bpe(¦")
    assert {"books.train", "books.validation", "text"} <= found.keys()
    assert "books" not in found, "it has splits, and rows are wanted"
    found = await editor.completions(DATA + "tokenizer bpe = train_bpe(books.¦, vocab_size = 1Ki)")
    assert {"train", "validation"} <= found.keys()
    assert await editor.complete(DATA + "tokenizer bpe = train_bpe(books.tr¦)", "train") == (
        DATA + "tokenizer bpe = train_bpe(books.train)"
    )


async def test_outputs_of_a_task_that_is_broken_now(editor: Editor) -> None:
    await editor.write(DATA)
    await editor.diagnostics()
    broken = DATA.replace("5%", "500")
    assert {"train", "validation"} <= (await editor.completions(broken + "let x = books.¦")).keys()


async def test_params_in_expressions_and_strings(editor: Editor) -> None:
    params = 'param width = 64\nparam name = "x"\n'
    found = await editor.completions(params + "model gpt = decoder { heads = ¦ }")
    assert "width" in found and "name" not in found
    assert found["width"].detail == "= 64"
    assert "width" in await editor.completions(params + "model gpt = decoder { heads = width / ¦ }")
    assert {"width", "name"} == (await editor.completions(params + 'let a = "${¦}"')).keys()
    assert await editor.complete(params + 'let a = "x ${wi¦} y"', "width") == params + 'let a = "x ${width} y"'


async def test_what_comes_behind_a_pipe(editor: Editor) -> None:
    found = await editor.completions('data a = text("books/*.txt")\n  |> ¦')
    assert {"clean", "split"} <= found.keys()
    assert "text" not in found, "it takes no data"


async def test_fields_of_a_variant(editor: Editor) -> None:
    found = await editor.completions(MODEL + "model wide = gpt with { hidden_size = 128, ¦ }")
    assert "dropout" in found and "hidden_size" not in found
    stage = "stage s = train { model = gpt, optimizer = adamw { lr = 1e-3 } }\nstage t = s with { optimizer.¦ }"
    assert "weight_decay" in await editor.completions(MODEL + stage)


async def test_files_in_a_string(editor: Editor) -> None:
    assert "books/" in await editor.completions('data a = text("¦")')
    assert await editor.complete('data a = text("books/¦")', "a.txt") == 'data a = text("books/a.txt")'


async def test_nothing_in_comments_and_numbers(editor: Editor) -> None:
    for text in ("# mod¦", "let a = 12¦", "let a = 3 # ¦", "let ¦"):
        assert await editor.completions(text) == {}, text


async def test_a_blank_brings_up_only_what_is_wanted(editor: Editor) -> None:
    context = types.CompletionContext(types.CompletionTriggerKind.TriggerCharacter, " ")
    for text, expected in (("let a = b ¦", False), ("stage s = train { budget = 3 ¦ }", True)):
        position = await editor.write(text)
        params = types.CompletionParams(editor.document, position, context)
        found = await editor.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList) and bool(found.items) is expected, text


async def test_a_text_that_no_file_may_hold_is_not_looked_into(editor: Editor) -> None:
    await editor.write("# " + "x" * 1_000_001)
    assert [one.code for one in await editor.diagnostics()] == ["L0654"]


async def test_japanese_names(editor: Editor) -> None:
    text = "model 小さい = decoder { layers = 2, hidden_size = 64, heads = 4, context_length = 32 }  # 🎉\n"
    found = await editor.completions(text + "stage 学習 = train { objective = causal_lm, model = 小¦ }")
    item = found["小さい"]
    assert isinstance(item.text_edit, types.TextEdit)
    assert editor.applied([item.text_edit]).endswith("model = 小さい }")


# Hover and signatures


async def test_hover_shows_what_a_field_takes_and_has(editor: Editor) -> None:
    page = await editor.hover("param width = 128\nmodel gpt = decoder { hidden_s¦ize = width / 2 }")
    assert "hidden_size: a whole number" in page
    assert "value: `64`" in page
    assert "required" in page
    page = await editor.hover("optimizer o = adamw { weight_de¦cay = 0.1 }")
    assert "default: `0.01`" in page or "default: " in page


async def test_hover_on_components_kinds_names_units_and_words(editor: Editor) -> None:
    assert "optimizer adamw" in await editor.hover("optimizer o = ada¦mw")
    assert "kind of task" in await editor.hover("sta¦ge s = train {}")
    page = await editor.hover("## Novels and more.\n" + DATA + "tokenizer bpe = train_bpe(boo¦ks.train)")
    assert "Novels and more." in page and "`books.validation`: rows of data" in page
    assert "rows of data" in await editor.hover(DATA + "tokenizer bpe = train_bpe(books.tra¦in)")
    assert "1 h = 3.6k s" in await editor.hover("stage s = train { budget = 3 ¦h }")
    assert "one of" in await editor.hover("model gpt = decoder { positions = ro¦pe }")
    assert "param width = 128" in await editor.hover("param width = 128\nlet b = wid¦th * 2")
    assert "8Ki = 8,192" in await editor.hover("let b = 8¦Ki")
    assert await editor.hover("# com¦ment") == ""


async def test_signatures(editor: Editor) -> None:
    position = await editor.write(DATA + "tokenizer bpe = train_bpe(books.train, ¦)")
    params = types.SignatureHelpParams(editor.document, position)
    found = await editor.client.text_document_signature_help_async(params)
    assert found is not None
    assert found.signatures[0].label.startswith("train_bpe(data, ")
    assert found.active_parameter is None
    await editor.write(DATA + "tokenizer bpe = train_bpe()")
    params = types.SignatureHelpParams(editor.document, editor.at("()").__class__(1, 26))
    found = await editor.client.text_document_signature_help_async(params)
    assert found is not None and found.active_parameter == 0


async def test_only_tasks_that_put_out_what_is_wanted_are_offered(editor: Editor) -> None:
    found = await editor.completions("data a = clean(¦)\n")
    assert {"text", "csv", "mix"} <= found.keys()
    assert not {"train_bpe", "train", "hf_weights", "save"} & found.keys()
    found = await editor.completions('data a = text("books/*.txt") |> ¦\n')
    assert {"clean", "split"} <= found.keys() and not {"train_bpe", "finetune"} & found.keys()
    found = await editor.completions("stage s = train { tokenizer = ¦ }\n")
    assert "train_bpe" in found and not {"text", "clean"} & found.keys()
