"""Names and the file as a whole: definition, references, renaming, outline, colours, fixes, hints."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .conftest import ROOT, Editor

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = """\
## How wide.
param width = 64
let name = "width-${width}"
model gpt = decoder {
  layers         = 2
  hidden_size    = width
  heads          = width / 16
  context_length = 32
}
data 本 = text("books/*.txt") |> split(validation = 5%)   # 🎉 width
tokenizer bpe = train_bpe(本.train, vocab_size = 1Ki)
"""


async def refused(editor: Editor, position: types.Position, name: str) -> str:
    params = types.RenameParams(editor.document, position, name)
    with pytest.raises(JsonRpcException) as caught:
        await editor.client.text_document_rename_async(params)
    return caught.value.message


async def renamed(editor: Editor, position: types.Position, name: str) -> str:
    params = types.RenameParams(editor.document, position, name)
    edit = await editor.client.text_document_rename_async(params)
    assert edit is not None and edit.changes is not None
    return editor.applied(edit.changes[editor.uri])


async def test_definition_from_uses_and_outputs(editor: Editor) -> None:
    await editor.write(TEXT)
    for part, name in (("width / 16", "width"), ("width}", "width"), ("本.train", "本"), ("train, vocab", "本")):
        found = await editor.client.text_document_definition_async(
            types.DefinitionParams(editor.document, editor.at(part))
        )
        assert isinstance(found, types.Location)
        assert found.uri == editor.uri
        assert found.range.start == editor.at(f"{'param' if name == 'width' else 'data'} {name}").__class__(
            found.range.start.line, 6 if name == "width" else 5
        )
        assert editor.cut(found.range) == name


async def test_references_in_strings_too_but_not_in_comments_or_keys(editor: Editor) -> None:
    await editor.write(TEXT)
    params = types.ReferenceParams(types.ReferenceContext(True), editor.document, editor.at("width", 0))
    found = await editor.client.text_document_references_async(params)
    assert found is not None
    assert [(one.range.start.line, editor.cut(one.range)) for one in found] == [
        (1, "width"), (2, "width"), (5, "width"), (6, "width"),
    ]  # fmt: skip
    params = types.DocumentHighlightParams(editor.document, editor.at("width / 16"))
    shown = await editor.client.text_document_document_highlight_async(params)
    assert shown is not None and len(shown) == 4


async def test_renaming_changes_every_use(editor: Editor) -> None:
    await editor.write(TEXT)
    after = await renamed(editor, editor.at("width / 16"), "幅")
    comment = "# 🎉 width"
    assert after == TEXT.replace("width", "幅").replace("幅-$", "width-$").replace("# 🎉 幅", comment)
    after = await renamed(editor, editor.at("本.train"), "books")
    assert "data books = text" in after and "train_bpe(books.train" in after
    found = await editor.client.text_document_prepare_rename_async(
        types.PrepareRenameParams(editor.document, editor.at("width / 16"))
    )
    assert isinstance(found, types.PrepareRenamePlaceholder) and found.placeholder == "width"


async def test_a_key_that_names_a_declaration_is_a_use_of_it(editor: Editor) -> None:
    text = "objective spans = masked_lm { spans = true }\nobjective both = mixed { causal_lm = 70%, spans = 30% }\n"
    assert await editor.complete(text.replace("spans = 30%", "sp¦"), "spans") == text.replace("30%", "$0")
    assert "masked_lm" in await editor.hover(text.replace("spans = 30%", "sp¦ans = 30%"))
    assert "causal_lm" in await editor.hover(text.replace("{ causal", "{ ca¦usal"))
    await editor.write(text)
    after = await renamed(editor, editor.at("spans = masked"), "wide")
    assert after == text.replace("spans = masked", "wide = masked").replace("spans = 30%", "wide = 30%")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("name", "taken already, in line 3"),
        ("if", "reserved word"),
        ("2nd", "not a name"),
        ("a-b", "not a name"),
    ],
)
async def test_renaming_refuses_what_is_no_name(editor: Editor, name: str, reason: str) -> None:
    await editor.write(TEXT)
    assert reason in await refused(editor, editor.at("width / 16"), name)


async def test_renaming_refuses_where_there_is_no_name(editor: Editor) -> None:
    await editor.write(TEXT)
    for part in ("decoder", "layers", "param", "train_bpe"):
        assert "no name of this file" in await refused(editor, editor.at(part), "x"), part


async def test_renaming_refuses_a_name_that_would_be_taken_for_a_word(editor: Editor) -> None:
    await editor.write('experiment e { device = cpu }\nlet a = "x"\nlet b = a\nparam c = "cuda"\n')
    assert "in line 1" in await refused(editor, editor.at("c = "), "cpu")


@pytest.mark.parametrize(
    "rest", ["let d = b a\n", 'let d = b "${ a}"\n', "let d = (1, a\nlet e = 2\n", 'let d = "a ${a}\n']
)
async def test_renaming_refuses_a_use_that_can_not_be_read(editor: Editor, rest: str) -> None:
    await editor.write("let a = 1\nlet b = a\n" + rest)
    assert "in line 3, which can't be read" in await refused(editor, editor.at("a = 1"), "x")


async def test_the_outline(editor: Editor) -> None:
    await editor.write("experiment 実験 { seed = 1 }\n" + TEXT)
    found = await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document))
    assert found is not None
    names = {one.name: one for one in found if isinstance(one, types.DocumentSymbol)}
    assert list(names) == ["実験", "width", "name", "gpt", "本", "bpe"]
    model = names["gpt"]
    assert model.detail == "model"
    assert [one.name for one in model.children or ()] == ["layers", "hidden_size", "heads", "context_length"]
    assert editor.cut(model.selection_range) == "gpt"
    assert editor.cut(model.range).startswith("model gpt = decoder {") and editor.cut(model.range).endswith("}")


async def test_folding(editor: Editor) -> None:
    await editor.write("# one\n# two\n\n" + TEXT)
    found = await editor.client.text_document_folding_range_async(types.FoldingRangeParams(editor.document))
    assert found is not None
    assert [(one.start_line, one.end_line, one.kind) for one in found] == [
        (0, 1, types.FoldingRangeKind.Comment),
        (6, 10, None),
    ]


async def test_a_selection_grows_from_a_value_to_the_file(editor: Editor) -> None:
    await editor.write(TEXT)
    params = types.SelectionRangeParams(editor.document, [editor.at("width / 16")])
    found = await editor.client.text_document_selection_range_async(params)
    assert found is not None
    grown, at = [], found[0]
    while at is not None:
        grown.append(editor.cut(at.range))
        at = at.parent  # type: ignore[assignment]
    assert grown[:3] == ["width", "width / 16", "heads          = width / 16"]
    assert grown[-2].startswith("model gpt = ") and grown[-1] == TEXT


async def test_semantic_tokens(editor: Editor) -> None:
    await editor.write(TEXT)
    whole = await editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(editor.document))
    assert whole is not None
    shown = decoded(editor, whole.data)
    assert ("width", "parameter", "declaration") in shown
    assert ("decoder", "class", "") in shown
    assert ("hidden_size", "property", "") in shown
    assert ("本", "variable", "declaration") in shown and ("本", "variable", "") in shown
    assert ("train", "property", "") in shown
    assert ("# 🎉 width", "comment", "") in shown
    assert ("## How wide.", "comment", "documentation") in shown
    assert sum(one == ("width", "parameter", "") for one in shown) == 2
    part = await editor.client.text_document_semantic_tokens_range_async(
        types.SemanticTokensRangeParams(editor.document, types.Range(types.Position(5, 0), types.Position(6, 0)))
    )
    assert part is not None
    assert [one[0] for one in decoded(editor, part.data)] == ["hidden_size", "=", "width"]


def decoded(editor: Editor, data: object) -> list[tuple[str, str, str]]:
    """Read what the protocol packs: lines and columns are relative to the token before."""
    from llx.dsl.lsp.semantic import MODIFIERS, TYPES

    assert isinstance(data, list | tuple)
    found, line, column = [], 0, 0
    for n in range(0, len(data), 5):
        down, right, length, kind, bits = data[n : n + 5]
        line, column = line + down, right if down else column + right
        text = editor.cut(types.Range(types.Position(line, column), types.Position(line, column + length)))
        modifiers = ",".join(name for m, name in enumerate(MODIFIERS) if bits & 1 << m)
        found.append((text, TYPES[kind], modifiers))
    return found


async def test_quick_fixes_and_fixing_all(editor: Editor) -> None:
    text = "model gpt = decoder {\n  layers：2\n  positions = “rope”\n  hiden_size = 64\n}\nlet t = 3h\n"
    await editor.write(text)
    everything = types.Range(types.Position(0, 0), types.Position(9, 0))
    params = types.CodeActionParams(editor.document, everything, types.CodeActionContext([]))
    actions = [
        one
        for one in await editor.client.text_document_code_action_async(params) or ()
        if isinstance(one, types.CodeAction)
    ]
    titles = [one.title for one in actions]
    assert "Replace `hiden_size` with `hidden_size`" in titles
    assert "Replace `3h` with `3 h`" in titles
    fix = actions[titles.index("Replace `hiden_size` with `hidden_size`")]
    assert fix.kind == types.CodeActionKind.QuickFix and not fix.is_preferred
    assert fix.diagnostics is not None and fix.diagnostics[0].code == "L0203"
    all_ = actions[-1]
    assert all_.kind == types.CodeActionKind.SourceFixAll
    assert all_.edit is not None and all_.edit.changes is not None
    after = editor.applied(all_.edit.changes[editor.uri])
    assert "let t = 3 h" in after and "：" not in after and "“" not in after
    assert "hiden_size" in after, "what was meant is likely, not certain"
    only = types.CodeActionContext([], only=[types.CodeActionKind.SourceFixAll])
    params = types.CodeActionParams(editor.document, everything, only)
    found = await editor.client.text_document_code_action_async(params)
    assert found is not None and len(found) == 1


async def test_hints_show_what_expressions_come_to(editor: Editor) -> None:
    await editor.write(TEXT)
    whole = types.Range(types.Position(0, 0), types.Position(20, 0))
    found = await editor.client.text_document_inlay_hint_async(types.InlayHintParams(editor.document, whole))
    assert found is not None
    shown = {(one.position.line, one.label) for one in found}
    assert {(2, ' = "width-64"'), (5, " = 64"), (6, " = 4")} <= shown
    defaults = next(one for one in found if one.position.line == 8)
    assert "dropout = 0" in str(defaults.label)


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.llx")))
async def test_every_request_answers_at_every_place_of_an_example(editor: Editor, example: str) -> None:
    """Ask everything at places all over an example that was cut in the middle: nothing fails."""
    text = (ROOT / "examples" / example).read_text(encoding="utf-8")
    await editor.write(text[: len(text) * 2 // 3])
    await editor.diagnostics()
    for offset in range(0, len(editor.text), 97):
        position = editor.position(offset)
        await editor.client.text_document_hover_async(types.HoverParams(editor.document, position))
        await editor.client.text_document_definition_async(types.DefinitionParams(editor.document, position))
    for offset in range(0, len(editor.text), 397):
        params = types.CompletionParams(editor.document, editor.position(offset))
        assert await editor.client.text_document_completion_async(params) is not None


async def test_formatting_changes_only_lines_that_change(editor: Editor) -> None:
    await editor.write("model gpt = decoder {\n  layers = 2\n    heads=4   # 🎉\n}\nlet 小 = 1\n")
    params = types.DocumentFormattingParams(editor.document, types.FormattingOptions(2, True))
    edits = await editor.client.text_document_formatting_async(params)
    assert edits
    after = editor.applied(edits)
    assert "  heads  = 4" in after and after.endswith("let 小 = 1\n")
    assert all(edit.range.start.line in (1, 2, 3) for edit in edits)
    await editor.write(after)
    assert not await editor.client.text_document_formatting_async(params)
    await editor.write("model gpt = = decoder {\n    heads=4\n}\n")
    assert await editor.client.text_document_formatting_async(params) is None


SWEEP = """\
param size = 64
model gpt = decoder { layers = 1, hidden_size = size, heads = 4, context_length = 8 }
data books = text("books/*.txt") |> split(validation = 10%)
tokenizer bpe = characters(books.train)
stage fit = train { model = gpt, tokenizer = bpe, data = books, objective = causal_lm, budget = 3 steps }
sweep search = grid { over = { size = [64, 128] }, minimise = fit.loss }
eval scores = evaluate(search.best.fit.best, data = books.validation, metrics = [perplexity])
"""


async def test_what_a_sweep_varies_and_its_best_trial_are_names_too(editor: Editor) -> None:
    await editor.write(SWEEP)
    assert [one for one in await editor.diagnostics() if one.severity is types.DiagnosticSeverity.Error] == []
    after = await renamed(editor, editor.at("size = 64"), "width")
    assert after == SWEEP.replace("param size", "param width").replace("= size", "= width").replace("{ size", "{ width")
    after = await renamed(editor, editor.at("fit.loss"), "learn")
    assert after == SWEEP.replace("stage fit", "stage learn").replace("fit.loss", "learn.loss").replace(
        "best.fit", "best.learn"
    )
    assert list(await editor.completions(SWEEP.replace("size = [64, 128]", "¦"))) == ["size"]
    assert {"best", "table"} <= (await editor.completions(SWEEP + "let a = search.¦")).keys()
    assert "fit" in await editor.completions(SWEEP + "let a = search.best.¦")
    assert {"best", "last", "loss"} <= (await editor.completions(SWEEP + "let a = search.best.fit.¦")).keys()
