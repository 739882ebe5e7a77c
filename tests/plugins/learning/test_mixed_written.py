"""How a mixture of objectives is written: names with shares, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llx.dsl.check import Checked, check
from llx.dsl.source import Source
from llx.plugins.builtin.objective.causal_lm import CausalLM
from llx.plugins.builtin.objective.masked_lm import MaskedLM
from llx.plugins.builtin.objective.prefix_lm import PrefixLM
from llx.plugins.registry import Registry

BASE = """
data novels = text("*.txt") |> split(validation = 10%)
tokenizer bpe = train_bpe(novels.train, vocab_size = 1Ki)
model gpt = decoder { layers = 2, hidden_size = 64, heads = 2, context_length = 64 }
stage both = train { model = gpt, tokenizer = bpe, data = novels, objective = wanted, budget = 10 steps }
"""


@pytest.fixture
def checked(tmp_path: Path) -> Any:
    (tmp_path / "novel.txt").write_text("It was a bright cold day in April.\n" * 5000)

    def of(text: str) -> Checked:
        return check(Source("e.llx", BASE + text, tmp_path / "e.llx"), Registry(), root=tmp_path)

    return of


@pytest.fixture
def value(checked: Any) -> Any:
    def of(text: str, name: str = "wanted") -> Any:
        result = checked(text)
        assert result.program is not None, result.diagnostics
        assert result.diagnostics == []
        return result.program.declarations[name].value

    return of


def test_names_stand_for_objectives_and_what_they_share(value: Any) -> None:
    for text in (
        "mixed { causal_lm = 70%, masked_lm = 30% }",
        "mixed(causal_lm = 70%, masked_lm = 30%)",
        "mixed { parts = { causal_lm = causal_lm, masked_lm = masked_lm }, shares = { causal_lm = 70%, masked_lm = 30% } }",
    ):
        mixed = value(f"objective wanted = {text}")
        assert mixed.parts == {"causal_lm": CausalLM(), "masked_lm": MaskedLM()}
        assert mixed.shares == {"causal_lm": 0.7, "masked_lm": 0.3}


def test_parts_with_settings_are_declared_or_stand_beside(value: Any) -> None:
    spans = MaskedLM(spans=True)
    declared = "objective spans = masked_lm { spans = true }\nobjective wanted = mixed { causal_lm = 70%, spans = 30% }"
    beside = "objective wanted = mixed { causal_lm = 70%, spans = 30%, parts = { spans = masked_lm { spans = true } } }"
    for text in (declared, beside):
        assert value(text).parts == {"causal_lm": CausalLM(), "spans": spans}


def test_a_variant_changes_shares_parts_and_their_settings(value: Any) -> None:
    base = "objective first = mixed { causal_lm = 70%, masked_lm = 30% }\n"
    changed = value(base + "objective wanted = first with { causal_lm = 50%, prefix_lm = 20% }")
    assert changed.shares == {"causal_lm": 0.5, "masked_lm": 0.3, "prefix_lm": 0.2}
    assert changed.parts["prefix_lm"] == PrefixLM()
    deeper = value(base + "objective wanted = first with { masked_lm.spans = true }")
    assert deeper.parts["masked_lm"] == MaskedLM(spans=True)
    stage = value(
        base.replace("first", "wanted")
        + "stage x = both with { objective.causal_lm = 60%, objective.masked_lm = 40% }",
        "x",
    )
    assert stage.objective.shares == {"causal_lm": 0.6, "masked_lm": 0.4}


def test_a_name_that_stands_as_a_key_is_used_and_followed(value: Any) -> None:
    text = (
        "param hidden = 15%\nobjective spans = masked_lm { rate = hidden }\n"
        "objective wanted = mixed { causal_lm = 70%, spans = 30% }\n"
        "sweep search = grid { over = { hidden = [15%, 30%] }, minimise = both.loss }"
    )
    stages = [trial.objective.references[0].task for trial in value(text, "search").made]
    assert [stage.objective.parts["spans"].rate for stage in stages] == [0.15, 0.3]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("mixed { causal_lm = 70%, masked_lm = 20% }", ["L0594"]),
        ("mixed { causal_lm = 7, masked_lm = 3 }", ["L0302", "L0302"]),
        ("mixed { causal_lm = 70%, maskd_lm = 30% }", ["L0207"]),
        ("mixed { causal_lm = 70%, adamw = 30% }", ["L0403"]),
        ("mixed { causal_lm = 70%, causal_lm = 30% }", ["L0205"]),
        ("mixed { causal_lm = 100% }", ["L0590"]),
        ("mixed { causal_lm = 70%, classification = 30% }", ["L0502", "L0595"]),
        ("mixed { causal_lm = 50%, masked_lm = 50%, parts = { spans = masked_lm { spans = true } } }", ["L0605"]),
        ('mixed { causal_lm = 70%, masked_lm = "30%" }', ["L0301"]),
    ],
)
def test_what_is_wrong_is_said_once(checked: Any, text: str, codes: list[str]) -> None:
    found = [one.code for one in checked(f"objective wanted = {text}").diagnostics]
    assert found == codes
