"""Everything that the runtime says, it can say, in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from llx.runtime.messages import en, ja

ROOT = Path(__file__).resolve().parent.parent.parent / "runtime"
_KEY = re.compile(r"(plan|run)\.[a-z_]+|L08[1-4]\d(\.[a-z]+)?")


def test_both_languages_have_the_same_keys_and_values() -> None:
    assert en.MESSAGES.keys() == ja.MESSAGES.keys()
    for key, text in en.MESSAGES.items():
        places = [set(re.findall(r"\{(\w+)", one)) for one in (text, ja.MESSAGES[key])]
        assert places[0] == places[1], key


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.py")), ids=lambda path: path.stem)
def test_every_key_has_its_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.fullmatch(node.value):
            assert node.value in en.MESSAGES, node.value
