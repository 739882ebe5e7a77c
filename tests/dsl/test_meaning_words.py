"""Every text that the checker can say is there, in both languages, and is put into words without a gap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from llx.dsl.check import check
from llx.dsl.describe import describe
from llx.dsl.diagnostics import words
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.dsl.quantities import UNITS
from llx.dsl.source import Source
from llx.dsl.types import Artifact, Either, ListOf, Number, QuantityOf, TaskOf, Word

from .fake import FakeCatalogue

DSL = sorted(Path(words.__file__).parents[1].rglob("*.py"))
CASES = sorted((Path(__file__).parent / "cases" / "meaning").glob("*.llx"))


def test_every_key_is_in_the_catalogue() -> None:
    pattern = r"\"((?:L0[2-79]\d\d|type|artifact|sort|slot|join|label|help|note)(?:\.\w+)*)\""
    used = {
        key
        for path in DSL
        if "messages" not in path.parts
        for key in re.findall(pattern, path.read_text(encoding="utf-8"))
    }
    used -= {"L02", "help", "label", "slot", "type", "note", "sort"}
    used |= {f"dimension.{dimension}" for dimension, _ in UNITS.values()}
    used |= {f"{key}_many" for key in ("help.similar", "help.similar_file", "L0203.similar")}
    assert used - words.catalogue("en").keys() == set()


def test_no_key_is_without_use() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DSL if "messages" not in path.parts)
    made = ("dimension.", "range.", "artifact.")
    for key in words.import_module("llx.dsl.diagnostics.messages.en_meaning").MESSAGES:
        base = key.removesuffix("_many").removesuffix(".label").removesuffix(".help")
        assert key.startswith(made) or f'"{base}' in text, key


def texts(diagnostic: Diagnostic) -> list[Text]:
    label = [diagnostic.label] if diagnostic.label else []
    return [diagnostic.message, *label, *(one.text for one in diagnostic.labels), *diagnostic.helps, *diagnostic.notes]


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_text_is_put_into_words(path: Path, language: str) -> None:
    source = Source(path.name, path.read_text(encoding="utf-8"), path)
    result = check(source, FakeCatalogue(), root=path.parent, params=["widht=1", "n"])
    for diagnostic in result.diagnostics:
        for text in texts(diagnostic):
            if not text.key.startswith("test."):
                said = words.render(text, language)
                gaps = re.findall(r"\{\w+(?::\w+)?\}", said)
                assert [gap for gap in gaps if gap not in ("{first}", "{second}")] == [], said
                assert text.key not in said


@pytest.mark.parametrize(
    ("wanted", "english", "japanese"),
    [
        (Number(integer=True, ge=1), "a whole number of at least 1", "1 以上の整数"),
        (Number(gt=0, le=1), "a number above 0 and at most 1", "0 より大きく 1 以下の数値"),
        (Number(ge=0, le=1), "a number from 0 to 1", "0 以上 1 以下の数値"),
        (QuantityOf(("steps", "epochs", "tokens", "time")), "a quantity of steps, epochs, tokens, or time", None),
        (Word(("auto", "cpu", "cuda")), "one of auto, cpu, cuda", "auto、cpu、cuda のいずれか"),
        (Word(("loss",)), "the word `loss`", "`loss` という語"),
        (Either((Artifact("dataset"), Artifact("rows"))), "a dataset or rows of data", "データセットまたはデータの行"),
        (ListOf(Number(), 2), "a list (of a number, at least 2)", "数値のリスト（2 個以上）"),
        (TaskOf("stage"), "a task of kind stage", "種類が stage のタスク"),
        (Artifact("alignment"), "an artifact of type alignment", "型が alignment の成果物"),
    ],
)
def test_types_in_words(wanted: object, english: str, japanese: str | None) -> None:
    text = describe(wanted)  # type: ignore[arg-type]
    assert words.render(text, "en") == english
    if japanese is not None:
        assert words.render(text, "ja") == japanese
