"""A few mutants of each operator of `bench/mutate.py`: the bench works, and the check sees most mistakes."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCH), *sys.path])


@pytest.mark.usefixtures("bench")
def test_the_check_sees_mistakes_where_they_are(tmp_path: Path) -> None:
    from mutate import judge_all
    from mutation.subjects import subjects

    programs = list(subjects(tmp_path))
    assert len(programs) >= 20
    verdicts = judge_all(programs, seed=4, each=4)
    misspelt = [one for one in verdicts if one.suggested is not None]
    assert len(verdicts) >= 70
    assert sum(one.rejected for one in verdicts) >= 0.98 * len(verdicts)
    assert sum(one.placed for one in verdicts) >= 0.95 * len(verdicts)
    assert sum(bool(one.suggested) for one in misspelt) >= 0.9 * len(misspelt)


@pytest.mark.usefixtures("bench")
def test_a_mutant_that_nothing_is_said_of_counts_as_missed() -> None:
    from mutate import is_good, judge
    from mutation.operators import misspelling
    from mutation.places import read
    from mutation.subjects import Subject

    from .dsl.fake import FakeCatalogue

    catalogue = FakeCatalogue()
    reading = read("model m = decoder { layers = 2 }", catalogue)
    (mutant,) = misspelling("field")(reading, frozenset({"layers"}), random.Random(1))
    assert mutant.original == "layers"
    assert mutant.text[mutant.places[0][0] : mutant.places[0][1]] not in ("layers", "")
    verdict = judge("misspelt field", Subject("m", reading, catalogue, lambda text: []), mutant)
    assert verdict.failures == ["not rejected", "misplaced", "no suggestion"]
    assert not is_good([verdict])
