"""SQuAD's judgement of answers: the cases that its script was written for, and those where ours could differ."""

from __future__ import annotations

from typing import Any

import pytest
from llx.plugins.builtin.metric.answer_f1 import AnswerF1
from llx.plugins.builtin.metric.exact_match import ExactMatch
from llx.plugins.builtin.metric.has_answer_exact_match import HasAnswerExactMatch
from llx.plugins.builtin.metric.has_answer_f1 import HasAnswerF1
from llx.plugins.builtin.metric.no_answer_accuracy import NoAnswerAccuracy
from llx.plugins.builtin.squad import best_threshold, exact, f1, normalised
from llx.plugins.work import Outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Virgin Mary", "virgin mary"),
        ("a an the", ""),
        ("Saint Bernadette Soubirous.", "saint bernadette soubirous"),
        ("theatre, an-other (A)", "theatre another"),
        ("U.S.", "us"),
        ("24–10", "24–10"),
        ("「猫」である。", "「猫」である。"),
    ],
)
def test_one_form(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("prediction", "answers", "em", "score"),
    [
        ("the Virgin Mary", ["Virgin Mary", "Mary"], 1, 1),
        ("golden statue of the Virgin Mary", ["a golden statue of Mary", "the Virgin Mary"], 0, 8 / 9),
        ("1990 1990", ["1990"], 0, 2 / 3),
        ("gold dome", ["the Main Building"], 0, 0),
        ("", ["the"], 1, 1),
        ("", [], 1, 1),
        ("the", [], 1, 1),
        ("gold", [], 0, 0),
        ("", ["gold"], 0, 0),
    ],
)
def test_answers_are_judged_as_by_the_official_script(
    prediction: str, answers: list[str], em: float, score: float
) -> None:
    assert exact(prediction, answers) == em
    assert f1(prediction, answers) == pytest.approx(score)


@pytest.mark.parametrize(
    ("prediction", "answer", "em", "score"),
    [
        ("薄暗い所", "薄暗いじめじめした所", 0, 8 / 14),
        ("薄暗い所。", "薄暗い所", 1, 1),
        ("薄暗い、所", "薄暗い所", 0, 8 / 9),
        ("「猫」", "猫", 0, 2 / 4),
        ("Ｎ.Ａ.", "ｎa", 0, 2 / 6),
        ("薄暗い\u3000所", "薄暗い 所", 1, 1),
        ("a cat", "cat s", 0, 8 / 10),
        ("。", "", 1, 1),
        ("猫", "", 0, 0),
    ],
)
def test_japanese_is_compared_by_the_rules_of_jsquad(prediction: str, answer: str, em: float, score: float) -> None:
    assert exact(prediction, [answer], "characters") == em
    assert f1(prediction, [answer], "characters") == pytest.approx(score)
    assert f1("薄暗い所", ["薄暗いじめじめした所"]) == 0, "words have no spaces between them"


def asked(prediction: str, *answers: str) -> dict[str, Any]:
    return {"prediction": prediction, "answers": list(answers), "context": "a cat sat on a mat"}


def test_metrics_of_all_questions_and_of_those_with_and_without_an_answer() -> None:
    outcome = Outcome(records=[asked("cat", "the cat"), asked("cat sat", "cat"), asked("mat"), asked("")])
    found = {metric.name: metric.compute(outcome) for metric in (ExactMatch(), AnswerF1(), NoAnswerAccuracy())}
    assert found == {"exact_match": 0.5, "answer_f1": pytest.approx((1 + 2 / 3 + 0 + 1) / 4), "no_answer_accuracy": 0.5}
    assert HasAnswerExactMatch().compute(outcome) == 0.5
    assert HasAnswerF1().compute(outcome) == pytest.approx(5 / 6)
    assert ExactMatch().reference(outcome) == 0.5
    # The whole context, whose articles don't count: cat sat on mat.
    assert HasAnswerF1().reference(outcome) == pytest.approx(2 / 5)


def test_the_threshold_with_the_most_right_answers() -> None:
    judged = [(-3.0, 1.0, False), (-1.0, 1.0, False), (2.0, 0.0, True), (4.0, 1.0, False), (5.0, 0.0, True)]
    threshold = best_threshold(judged)
    assert -1.0 < threshold < 2.0 or 4.0 < threshold < 5.0
    right = [float(none) if margin > threshold else (0.0 if none else score) for margin, score, none in judged]
    assert sum(right) == 4
    assert best_threshold([(1.0, 0.0, True)]) < 1.0
    assert best_threshold([(1.0, 1.0, False)]) > 1.0


SCRIPT = [
    ("the Virgin Mary", ["Virgin Mary"]),
    ("The  Virgin\tMary.", ["a virgin mary"]),
    ("a golden statue", ["gold statue of Mary", "the golden statue of the Virgin Mary"]),
    ("1990 1990", ["1990", "1990 and 1990"]),
    ("U.S.", ["us", "the U.S. of A."]),
    ("twenty-four", ["twenty four"]),
    ("24–10", ["24-10"]),
    ("Beyoncé’s", ["Beyonce's", "BEYONCÉ’S"]),
    ("İstanbul", ["istanbul"]),
    ("naïve café", ["Naïve Café, Paris"]),
    ("an apple a day", ["apple day"]),
    ("theatre", ["the atre"]),
    ("Ａｎ１２３", ["an123"]),
    ("吾輩は 猫である", ["吾輩は猫である", "吾輩は 犬である"]),
    ("", ["gold"]),
    ("gold", ["silver", ""]),
    ("", [""]),
    ("!", ["", "gold"]),
    ("a", ["the"]),
]


@pytest.mark.parametrize(("prediction", "answers"), SCRIPT)
def test_the_official_script_agrees(prediction: str, answers: list[str]) -> None:
    library = pytest.importorskip("torchmetrics.functional.text.squad")
    # v2 leaves out answers that nothing is left of, and has the empty one in the place of none.
    wanted = [answer for answer in answers if normalised(answer)] or [""]
    target = {"answers": {"answer_start": [0] * len(wanted), "text": wanted}, "id": "1"}
    theirs = library.squad({"prediction_text": prediction, "id": "1"}, target)
    outcome = Outcome(records=[asked(prediction, *answers)])
    assert 100 * ExactMatch().compute(outcome) == theirs["exact_match"].item()
    assert 100 * AnswerF1().compute(outcome) == pytest.approx(theirs["f1"].item(), rel=1e-6)


def test_the_official_script_has_the_same_means() -> None:
    library = pytest.importorskip("torchmetrics.functional.text.squad")
    cases = [(given, [one for one in answers if normalised(one)] or [""]) for given, answers in SCRIPT]
    predictions = [{"prediction_text": given, "id": str(number)} for number, (given, _) in enumerate(cases)]
    targets = [
        {"answers": {"answer_start": [0] * len(wanted), "text": wanted}, "id": str(number)}
        for number, (_, wanted) in enumerate(cases)
    ]
    theirs = library.squad(predictions, targets)
    outcome = Outcome(records=[asked(given, *answers) for given, answers in SCRIPT])
    assert 100 * ExactMatch().compute(outcome) == pytest.approx(theirs["exact_match"].item(), rel=1e-6)
    assert 100 * AnswerF1().compute(outcome) == pytest.approx(theirs["f1"].item(), rel=1e-6)
