"""Questions in the layout of SQuAD become rows, and what is wrong with one is told with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from llx.plugins.api import Place, TaskFailed
from llx.plugins.builtin.data.squad import Squad

from .work import Lab

CONTEXT = "吾輩は猫である。名前はまだ無い。"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def question(id: str, text: str | None, start: int = 0, **more: Any) -> dict[str, Any]:
    answers = [] if text is None else [{"text": text, "answer_start": start}]
    return {"id": id, "question": "何", "answers": answers, **more}


def write(lab: Lab, *questions: Any, context: Any = CONTEXT, name: str = "q.json") -> Squad:
    document = {
        "version": "1.1",
        "data": [{"title": "猫", "paragraphs": [{"context": context, "qas": list(questions)}]}],
    }
    (lab.root / name).write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    return Squad(path=name)


def found(lab: Lab, task: Squad) -> tuple[str, str, Any]:
    """Give what the check finds: code, help, and the line and question."""
    place = Place(lab.root)
    task.check(place)
    [problem] = place.problems
    where: Any = problem.message.values["where"]
    assert problem.help is not None
    with pytest.raises(TaskFailed) as failed:
        lab.run(task)
    assert failed.value.code == problem.message.key
    return problem.message.key, problem.help.key, where.values


def test_questions_of_both_versions(lab: Lab) -> None:
    task = write(
        lab,
        question("a", "猫", 3),
        question("b", None, is_impossible=True, plausible_answers=[]),
        question("c", "名前", 8),
    )
    rows = lab.rows(task)
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert rows[0] == {
        "id": "a",
        "title": "猫",
        "question": "何",
        "context": CONTEXT,
        "answers": '[{"text": "猫", "answer_start": 3}]',
    }
    assert json.loads(rows[1]["answers"]) == []
    assert task.columns == tuple(rows[0])


def test_compressed(lab: Lab) -> None:
    write(lab, question("a", "猫", 3))
    (lab.root / "q.json.gz").write_bytes(gzip.compress((lab.root / "q.json").read_bytes()))
    assert lab.rows(Squad(path="q.json.gz")) == lab.rows(Squad(path="q.json"))


@pytest.mark.parametrize(
    ("bad", "code", "help"),
    [
        (question("b", "猫", 4), "L0761", "L0761.once"),
        (question("b", "。", 4), "L0761", "L0761.several"),
        (question("b", "犬", 3), "L0761", "L0761.nowhere"),
        (question("b", " ", 3), "L0764", "L0764.help"),
        (question("b", None), "L0764.unmarked", "L0764.unmarked.help"),
        (question("b", "猫", 3, question=" "), "L0762", "L0762.help"),
        (question("b", "猫", 3, question=7), "L0760", "L0760.help"),
        (question("b", "猫", 3, answers="猫"), "L0765", "L0765.help"),
        (question("a", "猫", 3), "L0763", "L0763.help"),
    ],
)
def test_what_is_wrong_with_a_question_is_told_with_its_line(
    lab: Lab, bad: dict[str, Any], code: str, help: str
) -> None:
    task = write(lab, question("a", "猫", 3), bad)
    told = found(lab, task)
    assert told[:2] == (code, help)
    lines = (lab.root / "q.json").read_text(encoding="utf-8").splitlines()
    ids = [number for number, text in enumerate(lines, 1) if text.strip() == f'"id": "{bad["id"]}",']
    assert (told[2]["id"], told[2]["number"]) == (bad["id"], ids[-1])
    lab.run(task.model_copy(update={"bad_rows": "skip"}))


def test_the_place_of_a_displaced_answer_is_offered(lab: Lab) -> None:
    place = Place(lab.root)
    write(lab, question("a", "名前", 0)).check(place)
    values = place.problems[0].message.values
    assert (values["place"], values["count"], values["found"]) == (8, 1, '"吾輩"')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data": [', "squad.json"),
        ("[]", "squad.layout"),
        ('{"data": [{"title": "x"}]}', "squad.layout"),
        ('{"data": [{"paragraphs": [{"qas": []}]}]}', "squad.layout"),
        ('{"data": [{"paragraphs": [{"context": "x"}]}]}', "squad.layout"),
        ('{"data": [{"paragraphs": [{"context": "x", "qas": [7]}]}]}', "squad.layout"),
        ("[" * 100_000, "jsonl.deep"),
    ],
)
def test_another_layout(lab: Lab, text: str, reason: str) -> None:
    (lab.root / "q.json").write_text(text)
    place = Place(lab.root)
    Squad(path="q.json").check(place)
    [problem] = place.problems
    assert problem.message.key == "L0760"
    told: Any = problem.message.values["reason"]
    assert told.key == reason


def test_half_a_surrogate_pair_is_no_character(lab: Lab) -> None:
    (lab.root / "q.json").write_text(
        json.dumps({"data": [{"paragraphs": [{"context": "a\ud83d", "qas": [question("x", "a")]}]}]})
    )
    place = Place(lab.root)
    Squad(path="q.json").check(place)
    assert place.problems[0].message.key == "L0623"


def test_the_carried_japanese_file(lab: Lab) -> None:
    carried = Path(__file__).parents[2] / "examples" / "data" / "questions.ja.json"
    (lab.root / "q.json").write_bytes(carried.read_bytes())
    rows = lab.rows(Squad(path="q.json"))
    assert len(rows) == 8
    for row in rows:
        for answer in json.loads(row["answers"]):
            assert row["context"][answer["answer_start"] :].startswith(answer["text"])
