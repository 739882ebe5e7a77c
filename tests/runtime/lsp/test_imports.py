"""Several files: what is imported is checked, completed and found as the editor holds it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from llx.dsl.lsp.server import RequestFailed
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .conftest import Editor

pytestmark = pytest.mark.asyncio(loop_scope="session")

CORPORA = """\
param share = 5%  ## held out
## Old novels.
data novels = text("books/*.txt") |> split(validation = share)
"""
MAIN = """\
import "corpora.llx" as corpora { share = 10% }
tokenizer bpe = train_bpe(corpora.novels.train, vocab_size = 1Ki)
"""


@pytest.fixture
def corpora(editor: Editor) -> Path:
    path = editor.path.parent / "corpora.llx"
    path.write_text(CORPORA)
    return path


async def published(editor: Editor, uri: str, codes: list[str]) -> list[types.Diagnostic]:
    """Wait until a file has errors of these codes."""
    found: list[types.Diagnostic] = []
    for _ in range(200):
        known = editor.client.published.get(uri)
        found = [one for one in known.diagnostics if one.severity is types.DiagnosticSeverity.Error] if known else []
        if known is not None and [one.code for one in found] == codes:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{uri} has {[one.code for one in found]}, not {codes}")


async def test_an_imported_file_gets_its_diagnostics(editor: Editor, corpora: Path) -> None:
    corpora.write_text(CORPORA.replace("validation", "valdation"))
    await editor.write(MAIN)
    await published(editor, editor.uri, [])
    (found,) = await published(editor, corpora.as_uri(), ["L0203"])
    assert found.range.start == types.Position(2, 43)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
    await published(editor, corpora.as_uri(), [])


async def test_what_an_editor_holds_of_an_imported_file_counts(editor: Editor, corpora: Path) -> None:
    await editor.write(MAIN)
    await published(editor, editor.uri, [])
    other = Editor(editor.client, corpora)
    await other.write(CORPORA.replace("novels", "books"))
    await published(editor, editor.uri, ["L0256"])
    await other.write(CORPORA)
    await published(editor, editor.uri, [])


async def test_declarations_and_params_of_a_module_are_completed(editor: Editor, corpora: Path) -> None:
    found = await editor.completions('import "corpora.llx" as corpora { ¦ }\n')
    assert list(found) == ["share"] and found["share"].detail == "= 5%"
    assert "novels" in await editor.completions(MAIN + "data a = clean(corpora.¦)")
    assert {"train", "validation"} <= (await editor.completions(MAIN + "data a = clean(corpora.novels.¦)")).keys()
    found = await editor.completions(MAIN + "data a = clean(¦)")
    assert {"corpora.novels", "corpora.novels.train"} <= found.keys()
    assert await editor.complete('import "¦"', "corpora.llx") == 'import "corpora.llx"'


async def test_definition_leads_into_the_other_file(editor: Editor, corpora: Path) -> None:
    await editor.write(MAIN)
    places = {
        "corpora.llx": (corpora.as_uri(), 0),
        "corpora.novels": (editor.uri, 0),
        "novels.train": (corpora.as_uri(), 2),
    }
    for part, (uri, line) in places.items():
        params = types.DefinitionParams(editor.document, editor.at(part))
        found = await editor.client.text_document_definition_async(params)
        assert isinstance(found, types.Location)
        assert (found.uri, found.range.start.line) == (uri, line), part


async def test_hover_shows_what_a_module_says(editor: Editor, corpora: Path) -> None:
    assert "Old novels." in await editor.hover(MAIN.replace("novels", "nov¦els"))
    assert "data novels" in await editor.hover(MAIN.replace('"corpora', '"cor¦pora'))


async def test_renaming_an_alias_and_refusing_another_files_name(editor: Editor, corpora: Path) -> None:
    from pygls.exceptions import JsonRpcException

    await editor.write(MAIN)
    params = types.RenameParams(editor.document, editor.at("corpora.novels"), "texts")
    edit = await editor.client.text_document_rename_async(params)
    assert edit is not None and edit.changes is not None
    assert editor.applied(edit.changes[editor.uri]) == MAIN.replace("as corpora", "as texts").replace(
        "corpora.n", "texts.n"
    )
    params = types.RenameParams(editor.document, editor.at("novels.train"), "texts")
    with pytest.raises(JsonRpcException, match=r"declared in corpora\.llx"):
        await editor.client.text_document_rename_async(params)


async def test_a_param_that_an_import_sets_is_found(editor: Editor, corpora: Path) -> None:
    await editor.write(MAIN)
    at = editor.at("share")
    found = await editor.client.text_document_definition_async(types.DefinitionParams(editor.document, at))
    assert isinstance(found, types.Location)
    assert (found.uri, found.range.start) == (corpora.as_uri(), types.Position(0, 6))
    asked = types.ReferenceParams(types.ReferenceContext(True), editor.document, at)
    places = await editor.client.text_document_references_async(asked)
    assert places is not None
    assert [(one.uri, one.range.start.line) for one in places] == [(corpora.as_uri(), 0), (editor.uri, 0)]
    assert "held out" in await editor.hover(MAIN.replace("share", "sh¦are"))
    await editor.write(MAIN)
    with pytest.raises(JsonRpcException, match=r"corpora\.llx") as refused:
        await editor.client.text_document_rename_async(types.RenameParams(editor.document, at, "part"))
    assert refused.value.code == RequestFailed.CODE
    await editor.write(MAIN.replace("share", "no_param"))
    asked_again = types.DefinitionParams(editor.document, editor.at("no_param"))
    assert await editor.client.text_document_definition_async(asked_again) is None
