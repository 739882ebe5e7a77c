"""Every built-in component and field can be completed and hovered over: nothing that a catalogue holds is too odd."""

from __future__ import annotations

from pathlib import Path

import pytest
from llx.dsl.check import check_file
from llx.dsl.lsp.analysis import Analysis, analyse
from llx.dsl.lsp.completion import Completion
from llx.dsl.lsp.cursor import cursor_at
from llx.dsl.lsp.hover import hover
from llx.dsl.lsp.positions import Positions
from llx.dsl.lsp.say import Say
from llx.dsl.lsp.signature import signature
from llx.dsl.source import Source
from llx.dsl.types import Keyed
from llx.plugins.component import Task
from llx.plugins.registry import Registry

from .conftest import ROOT

KINDS = list(Registry().kinds)


def check(source: Source) -> Analysis:
    return analyse(source, Registry(), Path("/nowhere"))


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_components_of_a_kind(kind: str, language: str) -> None:
    say = Say(language)
    for name, component in Registry().components(kind).items():
        text = f"{kind} x = {name} {{  }}"
        source, positions = Source("test.llx", text), Positions(text)
        cursor = cursor_at(source, text.index("{") + 2, check)
        items = Completion(cursor, positions, say, snippets=True).items()
        keyed = any(isinstance(field.type, Keyed) for field in component.fields.values())
        named = Registry().components(kind).keys() if keyed else set()
        assert {item.label for item in items} == component.fields.keys() | named, name
        assert all(item.detail and item.documentation for item in items)
        page = hover(check(source), text.index(name) + 1, positions, say)
        assert page is not None and f"{kind} {name}" in page.contents.value  # type: ignore[union-attr]
        text = f"{kind} x = {name}()"
        shown = signature(cursor_at(Source("test.llx", text), len(text) - 1, check), say)
        assert shown is not None and len(shown.signatures[0].parameters or ()) == len(component.fields)


def test_a_task_puts_out_what_its_class_says() -> None:
    checked = check_file(ROOT / "examples" / "quickstart.llx", Registry())
    assert checked.program is not None
    tasks = [one.value for one in checked.program.declarations.values() if isinstance(one.value, Task)]
    known = [(task.artifact, next(iter(task.outputs().values())).name) for task in tasks if task.artifact]
    assert len(known) > 8
    assert all(said == is_ for said, is_ in known)
