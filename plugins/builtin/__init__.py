"""The built-in components, registered through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...dsl.diagnostics.model import Diagnostic
from ...dsl.program import Program
from ..component import Component
from ..hooks import hookimpl
from ..kinds import KINDS, KindOf


@hookimpl
def llx_kinds() -> Iterable[KindOf]:
    return KINDS


@hookimpl
def llx_components() -> Iterable[type[Component]]:
    from . import data, decoding, eval, export, metric, model, objective, optimizer, schedule, stage, tokenizer

    for folder in (data, tokenizer, model, objective, optimizer, schedule, metric, decoding, stage, eval, export):
        yield from folder.COMPONENTS


@hookimpl
def llx_check(program: Program) -> Iterable[Diagnostic]:
    from .export.folders import shared_folders

    return shared_folders(program)


@hookimpl
def llx_messages(language: str) -> Mapping[str, str]:
    from ..messages import texts

    return texts(language)
