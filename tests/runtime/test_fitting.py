"""What curves are said to show: overfitting, underfitting, neither, and noise that is none of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from llx.runtime import fitting
from llx.runtime.words import say_text


def curve(training: Callable[[int], float], validation: Callable[[int], float], count: int = 20) -> fitting.Curve:
    return [[10 * n, None if n == 0 else training(n), validation(n)] for n in range(count)]


FALLS = curve(lambda n: 4 * math.exp(-n / 8) + 0.2, lambda n: 4 * math.exp(-n / 8) + 0.3)
SETTLES = curve(lambda n: 2 + 2 * math.exp(-n), lambda n: 2.1 + 2 * math.exp(-n))
OVERFITS = curve(lambda n: 4 * math.exp(-n / 5), lambda n: 4 * math.exp(-n / 5) + 0.12 * n)
HEART = curve(lambda n: 3 * math.exp(-n), lambda n: 1 + 2 * math.exp(-n))


@pytest.mark.parametrize(
    ("given", "word", "reasons"),
    [
        (FALLS, "underfits", ["fitting.falls"]),
        (SETTLES, "fits", ["fitting.fits"]),
        (OVERFITS, "overfits", ["fitting.opens"]),
        (HEART, "overfits", ["fitting.gap"]),
        (FALLS[:3], "unknown", ["fitting.few"]),
    ],
)
def test_the_word_for_a_curve(given: fitting.Curve, word: str, reasons: list[str]) -> None:
    verdict = fitting.verdict(given)
    assert verdict.word == word
    assert [reason.key for reason in verdict.reasons] == reasons
    for language in ("en", "ja"):
        for text in (*verdict.reasons, *verdict.advice):
            assert "{" not in say_text(text, language)


def test_a_loss_like_that_of_the_trivial_model_is_none() -> None:
    assert fitting.verdict(SETTLES, trivial=2.15).word == "underfits"
    assert fitting.verdict(SETTLES, trivial=4.0).word == "fits"


def test_a_stage_that_patience_ended_is_not_told_to_have_some() -> None:
    usual, ended = (fitting.verdict(HEART, ended_early=early).advice[-1] for early in (False, True))
    assert "`patience = 3`" in say_text(usual, "en")
    assert "`patience = 3`" not in say_text(ended, "en")


def test_an_opening_is_told_once_until_there_is_a_new_best() -> None:
    [opening] = fitting.openings(OVERFITS)
    best = min(OVERFITS, key=lambda line: line[2] or 0)
    assert opening.best_step == best[0]
    assert opening.validation > opening.best
    assert opening.training < opening.training_then
    told = [n for n in range(len(OVERFITS)) if len(fitting.openings(OVERFITS[: n + 1])) == 1]
    assert told == list(range(opening.step // 10, len(OVERFITS))), "it is told with the validation that shows it"
    again = [*OVERFITS, *([200 + 10 * n, line[1], (line[2] or 0) / 2] for n, line in enumerate(OVERFITS))]
    assert len(fitting.openings(again)) == 2


def test_noise_opens_a_gap_hardly_ever() -> None:
    told = 0
    for seed in range(200):
        draw = random.Random(seed)
        told += bool(fitting.openings(curve(lambda n: 2 + 2 / (n + 1), lambda n: 2.1 + draw.gauss(0, 0.1), 30)))  # noqa: B023
    assert told <= 12


def test_a_rise_beside_noise_is_seen() -> None:
    for seed in range(50):
        draw = random.Random(seed)
        rises = curve(lambda n: 4 / (n + 1), lambda n: 2 + 2 / (n + 1) + 0.05 * n + draw.gauss(0, 0.03), 30)  # noqa: B023
        assert fitting.openings(rises)


def test_a_rise_without_learning_is_no_overfitting() -> None:
    diverges = curve(lambda n: 2 + 0.1 * n, lambda n: 2 + 0.1 * n)
    assert fitting.openings(diverges) == []


def test_validations_that_are_no_numbers_are_passed_over() -> None:
    holes = [[line[0], line[1], None if n == 4 else line[2]] for n, line in enumerate(OVERFITS)]
    assert len(fitting.openings(holes)) == 1
