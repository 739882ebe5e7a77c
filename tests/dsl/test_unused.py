"""Warnings of what nothing uses, and what silences them."""

from __future__ import annotations

from .fake import checked, codes

RUN = """
data d = mix { sources = {} }
tokenizer t = train_bpe(d, vocab_size = 1Ki)
model m = decoder {}
stage s = train { model = m, tokenizer = t, data = d }
"""


def test_a_file_in_which_all_is_used_is_silent() -> None:
    assert codes(checked(RUN)) == []


def test_params_lets_and_declarations_that_nothing_uses() -> None:
    text = RUN + "param p = 1\nlet l = 2\nmetric f = accuracy {}\ndata e = clean(d)\ndata g = clean(e)"
    assert codes(checked(text)) == ["L0902 p", "L0903 l", "L0904 f", "L0904 e", "L0904 g"]
    assert checked(text).program is not None


def test_uses_count_in_strings_conditions_and_branches_that_are_not_taken() -> None:
    text = (
        RUN
        + 'param p = 1\nparam q = "x"\nparam r = 2\nstage x = s with { notes.a = "${q}", patience = if p > 0 then 3 else r }'
    )
    assert codes(checked(text)) == []


def test_a_base_of_a_variant_that_runs_is_used() -> None:
    assert (
        codes(
            checked(RUN + "model base = decoder {}\nmodel v = base with { layers = 3 }\nstage x = s with { model = v }")
        )
        == []
    )


def test_the_experiment_uses_params() -> None:
    assert codes(checked(RUN + "param p = 1\nexperiment e { seed = p }")) == []


def test_a_value_from_outside_uses_what_it_names() -> None:
    text = RUN + "param p: model = m\nmodel other = decoder {}\nstage x = s with { model = p }"
    assert codes(checked(text)) == ["L0904 other"]
    assert codes(checked(text, params=["p=other"])) == []


def test_nothing_to_run() -> None:
    assert codes(checked("experiment e {}\nmodel m = decoder {}")) == ["L0905"]
    assert codes(checked("")) == ["L0905"]


def test_what_could_not_be_read_may_have_used_it() -> None:
    text = "param p = 1\nlet l = 2\n" + RUN + "stage x = train { model = decoder { layers = p + }, data = d }"
    assert [one for one in codes(checked(text)) if one.startswith("L09")] == []
