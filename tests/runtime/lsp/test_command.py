"""The command itself: without the extra, and in Japanese."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient

from .conftest import COMMAND, capabilities, make_client


@pytest.mark.parametrize(("language", "said"), [("en", "which is not installed"), ("ja", "インストールされていません")])
def test_without_pygls_it_says_how_to_install_it(language: str, said: str) -> None:
    code = COMMAND[2].replace("from", "import sys; sys.modules['pygls'] = None; from", 1)
    environment = {**os.environ, "LLX_LANG": language}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert said in done.stderr and "pip install 'llx-lang[lsp]'" in done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr


@pytest.mark.asyncio(loop_scope="session")
async def test_it_speaks_the_language_of_the_editor() -> None:
    client = make_client()
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLX_", "LC_", "LANG"))}
    await client.start_io(*COMMAND, env=plain)
    assert isinstance(client, LanguageClient)
    await client.initialize_session(types.InitializeParams(capabilities(), process_id=os.getpid(), locale="ja"))
    uri = "untitled:Untitled-1"
    item = types.TextDocumentItem(uri, "llx", 1, "let a = nothing_there\nmodel m = decoder { dropout = 0 }\n")
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await client.wait_for_notification("textDocument/publishDiagnostics")
    assert any("nothing_there" in one.message and "という" in one.message for one in client.published[uri].diagnostics)
    place = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(1, 22))
    found = await client.text_document_hover_async(place)
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    assert "既定値" in found.contents.value
    await client.shutdown_session()
    await client.stop()
