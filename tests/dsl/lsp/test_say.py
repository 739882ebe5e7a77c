"""What an editor says: in both languages, and nothing is missing."""

from __future__ import annotations

import re
from pathlib import Path

from llx.dsl import lsp
from llx.dsl.diagnostics.messages import en_editor, ja_editor
from llx.dsl.functions import FUNCTIONS, READS_ENVIRONMENT
from llx.dsl.tokens import STATEMENT_WORDS


def test_both_languages_have_the_same_texts() -> None:
    english, japanese = en_editor.MESSAGES, ja_editor.MESSAGES
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        placeholders = sorted(re.findall(r"\{\w+\}", text))
        assert placeholders == sorted(re.findall(r"\{\w+\}", japanese[key])), key


def test_all_that_is_said_has_words() -> None:
    said = {f"editor.statement.{word}" for word in STATEMENT_WORDS}
    said |= {f"editor.function.{name}" for name in (*FUNCTIONS, READS_ENVIRONMENT)}
    for path in Path(lsp.__file__).parent.glob("*.py"):
        said |= set(re.findall(r"[\"'](editor\.[\w.]*\w)[\"']", path.read_text(encoding="utf-8")))
    assert said == en_editor.MESSAGES.keys()
