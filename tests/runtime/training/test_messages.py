"""Everything that training says has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import llx.runtime.training
from llx.runtime.messages.en_training import MESSAGES as ENGLISH
from llx.runtime.messages.ja_training import MESSAGES as JAPANESE


def test_every_key_has_words_with_the_same_values_in_both_languages() -> None:
    assert ENGLISH.keys() == JAPANESE.keys()
    for key in ENGLISH:
        assert set(re.findall(r"\{\w+\}", ENGLISH[key])) >= set(re.findall(r"\{\w+\}", JAPANESE[key])), key


def test_every_key_in_the_code_has_words() -> None:
    code = "".join(path.read_text() for path in Path(llx.runtime.training.__file__).parent.rglob("*.py"))
    used = set(re.findall(r'"(L08\d\d(?:\.\w+)*|(?:training|weights)\.[\w.]+)"', code))
    assert used <= ENGLISH.keys()
    # The codes of an area of the language are told from here too.
    told = {key for key in ENGLISH if not key.startswith(("training.head", "training.weights"))}
    assert {key for key in told if f'"{key}"' not in code} == set()
