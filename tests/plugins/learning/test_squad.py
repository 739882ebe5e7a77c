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


def test_japanese_is_compared_by_characters() -> None:
    assert f1("薄暗い所", ["薄暗いじめじめした所"], "characters") == pytest.approx(8 / 14)
    assert f1("薄暗い所", ["薄暗いじめじめした所"]) == 0
    assert f1("a cat", ["cat s"], "characters") == pytest.approx(2 * 3 / 7)


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


def test_the_library_torchmetrics_agrees() -> None:
    library = pytest.importorskip("torchmetrics.functional.text.squad")
    pairs = [("the Virgin Mary", "Virgin Mary"), ("a golden statue", "gold statue of Mary"), ("1990 1990", "1990")]
    predictions = [{"prediction_text": given, "id": str(number)} for number, (given, _) in enumerate(pairs)]
    targets = [
        {"answers": {"answer_start": [0], "text": [wanted]}, "id": str(number)}
        for number, (_, wanted) in enumerate(pairs)
    ]
    theirs = library.squad(predictions, targets)
    outcome = Outcome(records=[asked(given, wanted) for given, wanted in pairs])
    assert 100 * ExactMatch().compute(outcome) == pytest.approx(theirs["exact_match"].item(), rel=1e-5)
    assert 100 * AnswerF1().compute(outcome) == pytest.approx(theirs["f1"].item(), rel=1e-5)
