"""Copies of training rows that are changed a little: what changes, what stays, and what is refused."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from llx.plugins.builtin.data.augment import Augment
from llx.plugins.builtin.data.csv import Csv
from llx.plugins.builtin.data.noise import Noise
from llx.plugins.builtin.data.split import Split

from .work import Lab

ROWS = [f"the {word} cat no. {n} sleeps, and runs" for n in range(30) for word in ("red", "blue")]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lines = [f'"{text}",{n % 2}' for n, text in enumerate(ROWS)]
    (tmp_path / "rows.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return Lab(tmp_path)


def read() -> Csv:
    return Csv(path="rows.csv", text="text", label="label")


def test_rows_stay_and_copies_have_their_labels(lab: Lab) -> None:
    augmented = Augment(data=read().default(), copies=2, delete=0.2, swap=0.2)
    rows = lab.rows(augmented)
    facts = lab.run(augmented)
    assert facts["rows"] == {"rows": len(rows)}
    assert len(rows) + facts["left_out"]["alike"] == 3 * len(ROWS)
    originals = [row for row in rows if row["text"] in set(ROWS)]
    assert [row["text"] for row in originals] == ROWS
    label = ""
    for row in rows:
        label = row["label"] if row["text"] in set(ROWS) else label
        assert row["label"] == label, "a copy stands behind its row and has its label"
    assert len({row["text"] for row in rows}) == len(rows)


def test_copies_follow_from_text_and_seed(lab: Lab) -> None:
    one = Augment(data=read().default(), delete=0.3)
    assert lab.texts(one) == lab.texts(Augment(data=read().default(), delete=0.3))
    assert lab.texts(one) != lab.texts(Augment(data=read().default(), delete=0.3, seed=1))
    assert one.copies_of(ROWS[0]) == one.model_copy(update={"copies": 5}).copies_of(ROWS[0])[:1]


def test_splits_that_are_measured_stay_as_they_are(lab: Lab) -> None:
    parts = Split(data=read().default(), validation=0.3, test=0.2)
    augmented = Augment(data=parts.default(), delete=0.3)
    for split in ("validation", "test"):
        assert lab.texts(augmented, split) == lab.texts(parts, split)
        assert not augmented.invents(split)
    assert len(lab.texts(augmented, "train")) > len(lab.texts(parts, "train"))
    assert augmented.invents("train")


@pytest.mark.parametrize("text", ["the cat sleeps", "吾輩は猫である。", "a"])
def test_one_word_stays(text: str) -> None:
    for seed in range(20):
        assert Noise(delete=1.0).of(text, Random(seed)).strip("。")


def test_words_end_at_blanks_or_where_the_script_changes() -> None:
    swapped = {Noise(swap=0.5).of("吾輩は猫", Random(seed)) for seed in range(60)}
    assert swapped <= {"".join(order) for order in [["吾輩", "は", "猫"], ["は", "吾輩", "猫"], ["猫", "は", "吾輩"], ["吾輩", "猫", "は"], ["猫", "吾輩", "は"], ["は", "猫", "吾輩"]]}  # fmt: skip
    assert len(swapped) > 3
    assert Noise(delete=0.0).of("don't  stop, 猫!", Random(0)) == "don't  stop, 猫!"


@pytest.mark.parametrize(
    ("noise", "text", "changed"),
    [
        (Noise(width=1.0), "ABC ラーメン １２ ﾗｰﾒﾝ", "ＡＢＣ ﾗｰﾒﾝ 12 ラーメン"),
        (Noise(width=1.0), "ガム ﾊﾟﾝ", "ｶﾞﾑ パン"),
        (Noise(case=1.0), "The cat 猫", "the Cat 猫"),
        (Noise(punctuation=1.0), "Well, 猫。(yes)!", "Well 猫yes"),
    ],
)
def test_width_case_and_punctuation(noise: Noise, text: str, changed: str) -> None:
    assert noise.of(text, Random(0)) == changed


def test_what_counts_characters_is_refused(lab: Lab) -> None:
    tagged = Csv(path="rows.csv", text="text", columns_={"tags": "label"})
    assert lab.problems(Augment(data=tagged.default(), delete=0.1)) == [("column", "L0792")]
    assert lab.problems(Augment(data=read().default())) == [(None, "L0794")]
    assert lab.problems(Augment(data=read().default(), delete=0.1)) == []
