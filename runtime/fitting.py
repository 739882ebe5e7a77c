"""What a stage's curve says: whether it overfits, underfits or fits, why, and what in the file to change.

A curve is what a stage keeps among its facts: a line a validation, of step, mean training loss since the one before, and
validation loss (either may be None). All of it follows from the curve alone, so that a killed run warns of the same.
Validation rows are the same each time, so what makes their losses jump is that weights move: the noise.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

from ..dsl.diagnostics.model import Text
from ..dsl.record import Record

WINDOW = 3
"""Neighbouring validations that are taken together, as their mean: the least of many single losses is a lucky one."""
LEAST = 0.01
"""The part of the best loss that a rise, or a fall, comes to at least."""
NOISES = 3.0
"""How many standard deviations of the noise of single losses it comes to at least."""
MEMORISED, MEMORISED_NATS = 0.5, 0.1
"""A training loss of less than this part of the validation loss, and so many nats below it, is of rows known by heart."""
HARDLY = 0.95
"""A loss above this part of the trivial model's has hardly learned anything."""
FEWEST = 4
"""Validations that a verdict needs."""

Curve = Sequence[Sequence[float | int | None]]


class Opening(Record):
    """The validation at which the gap was seen to open: the loss on validation rows rises while that of training falls."""

    step: int
    best_step: int
    """The step of the least validation loss so far."""
    best: float
    """The least mean of neighbouring validation losses."""
    validation: float
    """The mean of the last validation losses."""
    training_then: float
    """The mean training loss where the validation loss was least."""
    training: float
    """The mean of the last training losses."""

    def text(self) -> Text:
        """Say what was seen."""
        losses = {name: f"{getattr(self, name):.4g}" for name in ("best", "validation", "training_then", "training")}
        return Text("fitting.opens", {"step": self.step, "best_step": self.best_step, **losses})


class Verdict(Record):
    """What a curve comes to: the word for it, the reasons, and what in the file to change."""

    word: Literal["overfits", "underfits", "fits", "unknown"]
    reasons: tuple[Text, ...] = ()
    advice: tuple[Text, ...] = ()


class _Point(Record):
    step: int
    training: float | None
    validation: float


def openings(curve: Curve) -> list[Opening]:
    """Give each opening of the gap, once until the validation loss is less than ever.

    All is looked at in means of three neighbouring validations. The gap is open once the last of these lies above the
    least one by more than 1 % and three times the noise, while the training loss is less than it was there.
    """
    return _followed(_points(curve))[0]


def verdict(curve: Curve, trivial: float | None = None, ended_early: bool = False) -> Verdict:
    """Judge a whole curve; `trivial` is the loss of the trivial model (unigram, most frequent label) if it is known.

    Of a stage that its patience has `ended_early`, it is not said to have some.
    """
    points = _points(curve)
    if len(points) < FEWEST:
        return Verdict("unknown", (Text("fitting.few", {"count": len(points), "least": FEWEST}),))
    best = min(points, key=lambda point: point.validation)
    opened, is_open = _followed(points)
    if is_open:
        return Verdict("overfits", (opened[-1].text(),), _against_overfitting(best, ended_early))
    last = points[-1]
    if last.training is not None and _knows_by_heart(last.training, last.validation):
        values = {"training": f"{last.training:.4g}", "validation": f"{last.validation:.4g}", "step": last.step}
        return Verdict("overfits", (Text("fitting.gap", values),), _against_overfitting(best, ended_early))
    reasons = []
    if trivial is not None and best.validation > HARDLY * trivial:
        reasons.append(Text("fitting.trivial", {"validation": f"{best.validation:.4g}", "trivial": f"{trivial:.4g}"}))
    before = points[-1 - max(len(points) // 3, 1)]
    if best.step == last.step and before.validation - last.validation > _least(points, last.validation):
        values = {"old": f"{before.validation:.4g}", "new": f"{last.validation:.4g}", "step": before.step}
        reasons.append(Text("fitting.falls", values))
    if reasons:
        return Verdict("underfits", tuple(reasons), (Text("fitting.underfits.change"),))
    return Verdict("fits", (Text("fitting.fits", {"step": best.step, "best": f"{best.validation:.4g}"}),))


def _knows_by_heart(training: float, validation: float) -> bool:
    return training < MEMORISED * validation and validation - training > MEMORISED_NATS


def _against_overfitting(best: _Point, ended_early: bool) -> tuple[Text, ...]:
    change = "fitting.overfits.ended" if ended_early else "fitting.overfits.change"
    return (Text("fitting.best", {"step": best.step}), Text(change))


def _points(curve: Curve) -> list[_Point]:
    """Give the validations whose loss is a number."""
    found = []
    for step, training, validation, *_ in curve:
        if validation is not None:
            found.append(_Point(int(step or 0), training, float(validation)))
    return found


def _followed(points: Sequence[_Point]) -> tuple[list[Opening], bool]:
    """Give the openings, and whether the last one is open still."""
    found: list[Opening] = []
    least, is_open = WINDOW - 1, False
    for last in range(WINDOW, len(points)):
        if _validation(points, last) < _validation(points, least):
            least, is_open = last, False
        elif not is_open and last - least >= WINDOW:
            opening = _opening(points[: last + 1], least)
            is_open = opening is not None
            found += [opening] if opening is not None else []
    return found, is_open


def _opening(points: Sequence[_Point], least: int) -> Opening | None:
    """Give the opening that the last of some points shows, if it does; where the losses were least ends at `least`."""
    last = len(points) - 1
    low, high = _validation(points, least), _validation(points, last)
    then, now = _training(points, least), _training(points, last)
    if then is None or now is None or now >= then or high - low <= _least(points, low):
        return None
    best = min(points, key=lambda point: point.validation)
    return Opening(points[last].step, best.step, low, high, then, now)


def _validation(points: Sequence[_Point], last: int) -> float:
    return statistics.fmean(point.validation for point in points[last + 1 - WINDOW : last + 1])


def _training(points: Sequence[_Point], last: int) -> float | None:
    known = [point.training for point in points[last + 1 - WINDOW : last + 1] if point.training is not None]
    return statistics.fmean(known) if known else None


def _least(points: Sequence[_Point], loss: float) -> float:
    """Give the least difference of validation losses that is more than noise."""
    return max(LEAST * abs(loss), NOISES * _noise([point.validation for point in points]))


def _noise(losses: Sequence[float]) -> float:
    """Estimate the standard deviation of single losses from how much they bend.

    A straight curve has second differences of 0, and independent noise of deviation s some of s x sqrt(6); their median
    isn't moved by the bend at the beginning (0.6745 is that of a normal distribution's absolute values). Of a few losses
    the estimate is uncertain itself, and so a larger one is given: of a thousand curves of 30 validations that are nothing
    but noise around a level, 50 are taken for a rise, and 161 without that.
    """
    bends = [abs(a - 2 * b + c) for a, b, c in zip(losses, losses[1:], losses[2:], strict=False)]
    return (1 + 6 / len(bends)) * statistics.median(bends) / (0.6745 * 6**0.5) if bends else 0.0
