"""An editor for tests: a real client of the protocol that talks to `llx lsp` over stdio."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "from llx.runtime.cli.main import main; main(['lsp'])"]


class Editor:
    """A file in an editor; `¦` in a text is the cursor."""

    def __init__(self, client: Client, path: Path) -> None:
        self.client = client
        self.path = path
        self.uri = path.as_uri()
        self.version = 0
        self.text = ""

    async def write(self, text: str) -> types.Position:
        """Open the file with a text, or replace what it holds; gives the place of the cursor."""
        offset = text.find("¦")
        self.text = text.replace("¦", "")
        self.version += 1
        if self.version == 1:
            item = types.TextDocumentItem(self.uri, "llx", self.version, self.text)
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        else:
            self.client.text_document_did_change(
                types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(self.version, self.uri),
                    [types.TextDocumentContentChangeWholeDocument(self.text)],
                )
            )
        return self.position(offset) if offset >= 0 else types.Position(0, 0)

    def position(self, offset: int) -> types.Position:
        """Count as the protocol does: UTF-16 units."""
        line = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return types.Position(line, len(self.text[start:offset].encode("utf-16-le")) // 2)

    def at(self, part: str, nth: int = 0) -> types.Position:
        """Give the place of a part of the text."""
        offset = -1
        for _ in range(nth + 1):
            offset = self.text.index(part, offset + 1)
        return self.position(offset)

    def cut(self, range_: types.Range) -> str:
        """Give the text of a range."""
        lines = self.text.split("\n")
        first, last = range_.start, range_.end
        if first.line == last.line:
            return _units(lines[first.line], first.character, last.character)
        inner = lines[first.line + 1 : last.line]
        return "\n".join(
            [_units(lines[first.line], first.character, None), *inner, _units(lines[last.line], 0, last.character)]
        )

    async def diagnostics(self) -> list[types.Diagnostic]:
        """Wait for what is wrong with the newest text."""
        for _ in range(200):
            found = self.client.published.get(self.uri)
            if found is not None and found.version == self.version:
                return list(found.diagnostics)
            await asyncio.sleep(0.02)
        raise AssertionError("no diagnostics came")

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    async def completions(self, text: str) -> dict[str, types.CompletionItem]:
        """Give what is offered at the cursor, by label."""
        position = await self.write(text)
        found = await self.client.text_document_completion_async(types.CompletionParams(self.document, position))
        assert isinstance(found, types.CompletionList)
        return {item.label: item for item in found.items}

    async def complete(self, text: str, label: str) -> str:
        """Give the text after an item was chosen, snippets as they are."""
        item = (await self.completions(text))[label]
        assert isinstance(item.text_edit, types.TextEdit)
        return self.applied([item.text_edit])

    async def hover(self, text: str) -> str:
        """Give what hovering over the cursor shows."""
        position = await self.write(text)
        found = await self.client.text_document_hover_async(types.HoverParams(self.document, position))
        assert found is None or isinstance(found.contents, types.MarkupContent)
        return found.contents.value if found is not None else ""

    def applied(self, edits: Any) -> str:
        """Give the text with edits done."""
        text = self.text
        for edit in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
            start, end = self.offset(edit.range.start), self.offset(edit.range.end)
            text = text[:start] + edit.new_text + text[end:]
        return text

    def offset(self, position: types.Position) -> int:
        lines = self.text.split("\n")
        return sum(len(line) + 1 for line in lines[: position.line]) + len(
            _units(lines[position.line], 0, position.character)
        )


def _units(line: str, start: int, end: int | None) -> str:
    encoded = line.encode("utf-16-le")
    return encoded[start * 2 : None if end is None else end * 2].decode("utf-16-le")


class Client(LanguageClient):
    """Keeps what was published with the version that it is about."""

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        self.published: dict[str, types.PublishDiagnosticsParams] = {}


def make_client() -> Client:
    client = Client()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: types.PublishDiagnosticsParams) -> None:
        client.published[params.uri] = params

    return client


def capabilities() -> types.ClientCapabilities:
    """Say what VS Code would: positions in UTF-16, snippets."""
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
        text_document=types.TextDocumentClientCapabilities(
            completion=types.CompletionClientCapabilities(
                completion_item=types.ClientCompletionItemOptions(
                    snippet_support=True, documentation_format=[types.MarkupKind.Markdown]
                )
            ),
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        ),
    )


def config(**environment: str) -> ClientServerConfig:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLX_", "LC_", "LANG"))}
    return ClientServerConfig(server_command=COMMAND, client_factory=make_client, server_env=plain | environment)


@pytest_lsp.fixture(config=config(), scope="session")
async def client(client: Client) -> AsyncIterator[None]:
    """Give a client whose server is up; all tests share it."""
    params = types.InitializeParams(capabilities(), process_id=os.getpid(), locale="en")
    await client.initialize_session(params)
    yield
    await client.shutdown_session()


@pytest.fixture
def editor(client: Client, tmp_path: Path) -> Editor:
    """Give an editor with a file of this test's own, in a project with some data."""
    (tmp_path / "llx.lock").touch()
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "a.txt").write_text("text\n")
    return Editor(client, tmp_path / "test.llx")
