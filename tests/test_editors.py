"""The editors' files say of the language what it says itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from llx.dsl.functions import FUNCTIONS, READS_ENVIRONMENT
from llx.dsl.quantities import UNITS
from llx.dsl.tokens import RESERVED, STATEMENT_WORDS

VSCODE = Path(__file__).resolve().parent.parent / "editors" / "vscode"


def load(name: str) -> Any:
    return json.loads((VSCODE / name).read_text(encoding="utf-8"))


def matches(node: Any) -> list[str]:
    """Give all patterns of a grammar."""
    if isinstance(node, list):
        return [one for item in node for one in matches(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("match", "begin") if key in node]
    return own + [one for item in node.values() for one in matches(item)]


def test_the_grammar_knows_all_units_and_no_others() -> None:
    (pattern,) = (one for one in matches(load("syntaxes/llx.tmLanguage.json")) if "epochs?" in one)
    units = re.compile(pattern[pattern.index("(steps?") : pattern.index(")(?![", pattern.index("(steps?")) + 1])
    assert [unit for unit in UNITS if not units.fullmatch(unit)] == []
    assert [word for word in ("m", "hours", "TB", "B2", "kJ", "MW") if units.fullmatch(word)] == []


def test_the_grammar_knows_all_words() -> None:
    everything = "\n".join(matches(load("syntaxes/llx.tmLanguage.json")))
    for word in (*STATEMENT_WORDS, *RESERVED, *FUNCTIONS, READS_ENVIRONMENT):
        assert re.search(rf"\b{word}\b", everything), word


def test_what_the_extension_names_is_there() -> None:
    package = load("package.json")
    contributes = package["contributes"]
    assert contributes["languages"][0]["extensions"] == [".llx"]
    paths = [one["path"] for key in ("grammars", "snippets") for one in contributes[key]]
    for path in (*paths, contributes["languages"][0]["configuration"], "src/extension.js", "README.md"):
        assert (VSCODE / path).is_file(), path
    assert re.compile(load("language-configuration.json")["indentationRules"]["increaseIndentPattern"])
    client = (VSCODE / "src" / "extension.js").read_text(encoding="utf-8")
    for setting in contributes["configuration"]["properties"]:
        assert f'"{setting.removeprefix("llx.")}"' in client, setting


def test_the_lock_file_names_no_registry() -> None:
    text = (VSCODE / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
