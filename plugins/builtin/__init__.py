"""The built-in components, registered through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
def llx_messages(language: str) -> Mapping[str, str]:
    if language == "ja":
        from ..messages import ja, ja_data, ja_plugins

        return ja.MESSAGES | ja_data.MESSAGES | ja_plugins.MESSAGES
    from ..messages import en, en_data, en_plugins

    return en.MESSAGES | en_data.MESSAGES | en_plugins.MESSAGES
