"""Metrics of texts are those of their libraries, and so are their sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from llx.plugins.builtin.metric.bleu import Bleu
from llx.plugins.builtin.metric.chrf import Chrf
from llx.plugins.builtin.metric.rouge_1 import Rouge1
from llx.plugins.builtin.metric.rouge_2 import Rouge2
from llx.plugins.builtin.metric.rouge_l import RougeL
from llx.plugins.builtin.metric.ter import Ter
from llx.plugins.intervals import interval
from llx.plugins.work import Outcome

WRITTEN = ["The cat sat on the mat.", "It is cold.", "I like tea very much.", "Nothing", "See you tomorrow."]
TARGETS = ["The cat sat on a mat.", "It is very cold today.", "I like tea.", "It rains.", "See you tomorrow."]
JAPANESE = ["猫がマットに座った。", "寒い。", "お茶が好きだ。", "雨だ。", "また明日。"]


def outcome(written: list[str] = WRITTEN, targets: list[str] = TARGETS) -> Outcome:
    rows = zip(JAPANESE, targets, written, strict=True)
    records: Any = [{"record": n, "source": s, "target": t, "prediction": w} for n, (s, t, w) in enumerate(rows)]
    return Outcome(records=records)


def test_they_are_those_of_sacrebleu() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    targets = [TARGETS]
    assert Bleu().compute(outcome()) == pytest.approx(sacrebleu.corpus_bleu(WRITTEN, targets).score)
    assert Chrf().compute(outcome()) == pytest.approx(sacrebleu.corpus_chrf(WRITTEN, targets).score)
    plus = sacrebleu.corpus_chrf(WRITTEN, targets, word_order=2).score
    assert Chrf(word_order=2).compute(outcome()) == pytest.approx(plus)
    assert Ter().compute(outcome()) == pytest.approx(sacrebleu.corpus_ter(WRITTEN, targets).score)
    characters = sacrebleu.corpus_bleu(JAPANESE, [JAPANESE[::-1]], tokenize="char").score
    assert Bleu(tokenize="char").compute(outcome(JAPANESE, JAPANESE[::-1])) == pytest.approx(characters)
    assert "tok:13a" in Bleu().details(outcome())["signature"]


def test_they_are_those_of_rouge_score() -> None:
    scorers = pytest.importorskip("rouge_score.rouge_scorer")
    for metric, name in ((Rouge1(), "rouge1"), (Rouge2(), "rouge2"), (RougeL(), "rougeL")):
        scorer = scorers.RougeScorer([name])
        wanted = [scorer.score(t, w)[name].fmeasure for t, w in zip(TARGETS, WRITTEN, strict=True)]
        assert metric.compute(outcome()) == pytest.approx(100 * float(np.mean(wanted)))
    assert Rouge1().compute(outcome(JAPANESE, JAPANESE)) == 0, "the library's words are letters of English"
    assert Rouge1(by="characters").compute(outcome(JAPANESE, JAPANESE)) == 100
    assert Rouge1(by="characters").compute(outcome(["寒 い。"] * 5, ["寒い日"] * 5)) == pytest.approx(200 / 3)


def test_trivial_models_stand_beside_them() -> None:
    pytest.importorskip("sacrebleu")
    twice = outcome(WRITTEN, ["It is cold.", "It is cold.", *TARGETS[2:]])
    details = Chrf().details(twice)
    assert details["copying the source"] == 0
    assert 20 < details["always the commonest"] < 100
    told = replace(twice, records=[{**record, "source": f"{record['target']} And so on."} for record in twice.records])
    assert Chrf().reference(told) == Chrf().details(told)["its first sentence"] == 100
    assert Chrf().reference(twice) == details["always the commonest"]
    assert Ter().reference(twice) == min(v for v in Ter().details(twice).values() if isinstance(v, float))
    # Of targets that are all different, the one of a usual length.
    assert Chrf().details(outcome())["always the commonest"] > 5


def test_their_intervals_are_made_of_sums() -> None:
    pytest.importorskip("sacrebleu")
    ends = interval(Chrf(), outcome(), np.random.default_rng(0))
    assert ends is not None
    assert ends[0] < Chrf().compute(outcome()) < ends[1]
    # By hand: the library, for texts drawn again.
    draw = [0, 0, 3, 4, 4]
    again = outcome([WRITTEN[i] for i in draw], [TARGETS[i] for i in draw])
    for metric in (Bleu(), Chrf(), Ter()):
        sums = metric.statistics(outcome())[draw].sum(axis=0)
        assert metric.of(sums) == pytest.approx(metric.compute(again))
