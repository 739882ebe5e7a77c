"""What the server answers: one handler for each request of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lsprotocol import types

from ..source import Source
from .actions import code_actions, location
from .analysis import Analysis
from .completion import Completion
from .cursor import Cursor, Sort, cursor_at
from .documents import Document
from .formatting import formatting
from .hints import hints
from .hover import hover
from .names import Refused, declared_at, places, renamable, rename
from .outline import folds, selection, symbols
from .semantic import LEGEND, semantic_tokens
from .server import RequestFailed, Server
from .signature import signature

FEATURES: list[tuple[str, Any, Callable[..., Any]]] = []

_TRIGGERS = [".", "=", "(", "{", "[", ",", ">", ":", '"', " "]


def feature(method: str, options: Any = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a handler; its first argument is the server."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        FEATURES.append((method, options, handler))
        return handler

    return register


# Files


@feature(types.INITIALIZE)
def initialize(ls: Server, params: types.InitializeParams) -> None:
    ls.configure(params)


@feature(types.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    ls.update(document.uri, document.text, document.version, pause=0)


@feature(types.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.update(uri, ls.workspace.get_text_document(uri).source, params.text_document.version)


@feature(types.TEXT_DOCUMENT_DID_SAVE)
@feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def files_changed(ls: Server, params: object) -> None:
    """Check all open files again: what changed on the disk may be data, or imported by another."""
    for document in list(ls.documents.open.values()):
        ls.update(document.uri, document.source.text, document.version)


@feature(types.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.documents.close(params.text_document.uri)
    ls.publisher.forget(params.text_document.uri)


@feature(types.SHUTDOWN)
def shutdown(ls: Server, params: None) -> None:
    ls.documents.stop()


# What stands at a place


async def _analysis(ls: Server, uri: str) -> tuple[Document, Analysis]:
    document = ls.document(uri)
    return document, await ls.documents.analysis(document)


class _Place(Protocol):
    """What all requests about a place of a file have."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


async def _at(ls: Server, params: _Place) -> tuple[Document, Analysis, int]:
    """Give a file, what is known of it, and the offset that a request is about."""
    document, analysis = await _analysis(ls, params.text_document.uri)
    return document, analysis, document.positions.offset(params.position)


async def _cursor(ls: Server, uri: str, position: types.Position) -> tuple[Document, Cursor]:
    document = ls.document(uri)
    offset = document.positions.offset(position)

    def analyse(source: Source) -> Analysis:
        return ls.documents.analyse(document, source)

    return document, await ls.documents.run(cursor_at, document.source, offset, analyse)


@feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=_TRIGGERS))
async def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    document, cursor = await _cursor(ls, params.text_document.uri, params.position)
    trigger = params.context.trigger_character if params.context else None
    if trigger == " " and cursor.sort in (Sort.AFTER, Sort.STATEMENT):
        # Nobody asked: a blank brings up what is wanted behind it, not all that could go on.
        return types.CompletionList(is_incomplete=False, items=[])
    making = Completion(cursor, document.positions, ls.say, ls.snippets, ls.again)
    return types.CompletionList(is_incomplete=False, items=await ls.documents.run(making.items))


@feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(["(", ","], [","]))
async def signature_help(ls: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    _, cursor = await _cursor(ls, params.text_document.uri, params.position)
    return signature(cursor, ls.say)


@feature(types.TEXT_DOCUMENT_HOVER)
async def show_hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    document, analysis, offset = await _at(ls, params)
    found: types.Hover | None = await ls.documents.run(hover, analysis, offset, document.positions, ls.say)
    return found


# Names


@feature(types.TEXT_DOCUMENT_DEFINITION)
async def definition(ls: Server, params: types.DefinitionParams) -> types.Location | None:
    document, analysis, offset = await _at(ls, params)
    span = declared_at(analysis, offset)
    return location(span.source, span.start, span.end, ls.publisher.place(document)) if span is not None else None


@feature(types.TEXT_DOCUMENT_REFERENCES)
async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    document, analysis, offset = await _at(ls, params)
    declared, spans = places(analysis, offset)
    place = ls.publisher.place(document)
    whole = [*declared, *spans] if params.context.include_declaration else spans
    return [location(span.source, span.start, span.end, place) for span in whole]


@feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
async def highlight(ls: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    document, analysis, offset = await _at(ls, params)
    declared, spans = places(analysis, offset)
    kinds = types.DocumentHighlightKind
    marked = [(span, kinds.Write) for span in declared if span.source is analysis.source]
    marked += [(span, kinds.Read) for span in spans]
    return [types.DocumentHighlight(document.positions.of(span), kind) for span, kind in marked]


@feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
async def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    document, analysis, offset = await _at(ls, params)
    try:
        span = renamable(analysis, offset).span
    except Refused as refusal:
        raise RequestFailed(ls.say.text(refusal.text)) from None
    return types.PrepareRenamePlaceholder(document.positions.of(span), span.text)


@feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
async def do_rename(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    document, analysis, offset = await _at(ls, params)

    def analyse(source: Source) -> Analysis:
        return ls.documents.analyse(document, source)

    try:
        edits = await ls.documents.run(rename, analysis, offset, params.new_name, analyse)
    except Refused as refusal:
        raise RequestFailed(ls.say.text(refusal.text)) from None
    changes = [types.TextEdit(document.positions.of(span), text) for span, text in edits]
    return types.WorkspaceEdit(changes={document.uri: changes})


# The file as a whole


@feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
async def document_symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    document, analysis = await _analysis(ls, params.text_document.uri)
    return symbols(analysis, document.positions)


@feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
async def folding(ls: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    document, analysis = await _analysis(ls, params.text_document.uri)
    return folds(analysis, document.positions)


@feature(types.TEXT_DOCUMENT_SELECTION_RANGE)
async def selections(ls: Server, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
    document, analysis = await _analysis(ls, params.text_document.uri)
    offsets = (document.positions.offset(position) for position in params.positions)
    return [selection(analysis, offset, document.positions) for offset in offsets]


@feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
async def tokens(ls: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    document, analysis = await _analysis(ls, params.text_document.uri)
    return semantic_tokens(analysis, document.positions)


@feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, LEGEND)
async def tokens_within(ls: Server, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
    document, analysis = await _analysis(ls, params.text_document.uri)
    return semantic_tokens(analysis, document.positions, _offsets(document, params.range))


@feature(
    types.TEXT_DOCUMENT_CODE_ACTION,
    types.CodeActionOptions([types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]),
)
async def actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    document, analysis = await _analysis(ls, params.text_document.uri)
    within = _offsets(document, params.range)
    found = code_actions(analysis, within, document.uri, document.positions, ls.say, ls.publisher.place(document))
    only = params.context.only
    return [one for one in found if only is None or any(_is_of(one, kind) for kind in only)]


def _is_of(action: types.CodeAction, kind: str) -> bool:
    own = str(getattr(action.kind, "value", action.kind))
    return own == kind or own.startswith(f"{getattr(kind, 'value', kind)}.") or own == getattr(kind, "value", kind)


@feature(types.TEXT_DOCUMENT_FORMATTING)
async def do_format(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    document = ls.document(params.text_document.uri)
    edits: list[types.TextEdit] | None = await ls.documents.run(formatting, document.source, document.positions)
    return edits


@feature(types.TEXT_DOCUMENT_INLAY_HINT)
async def inlay_hints(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    document, analysis = await _analysis(ls, params.text_document.uri)
    return hints(analysis, _offsets(document, params.range), document.positions, ls.wishes)


def _offsets(document: Document, range_: types.Range) -> tuple[int, int]:
    return document.positions.offset(range_.start), document.positions.offset(range_.end)
