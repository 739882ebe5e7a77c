"""Names: declarations in any order, circles, duplicates, what hides what."""

from __future__ import annotations

from .fake import checked, codes, program


def errors(text: str) -> list[str]:
    result = checked(text)
    return [code for code, one in zip(codes(result), result.diagnostics, strict=True) if one.is_error]


def test_declarations_stand_in_any_order() -> None:
    text = "model m = decoder { layers = depth }\nlet depth = half * 2\nlet half = 3"
    assert program(text).declarations["m"].value.layers == 6


def test_a_circle_shows_its_path_once() -> None:
    result = checked("let a = b + 1\nlet b = c\nlet c = a\nlet d = a")
    (one,) = [d for d in result.diagnostics if d.is_error]
    assert (one.code, one.message.values["path"]) == ("L0401", "a -> b -> c -> a")
    assert [label.span.text for label in one.labels] == ["b", "c"]


def test_a_circle_of_declarations() -> None:
    assert errors("stage a = b with { patience = 3 }\nstage b = a with { patience = 3 }") == ["L0401 b"]
    assert errors("data a = clean(b)\ndata b = clean(a)") == ["L0401 b"]


def test_a_long_circle_ends() -> None:
    lines = [f"let a{n} = a{(n + 1) % 1500}" for n in range(1500)]
    found = checked("\n".join(lines)).diagnostics
    assert [one.code for one in found if one.is_error] == ["L0401"]


def test_a_long_chain_of_names_is_no_problem() -> None:
    lines = [f"let a{n} = a{n + 1} + 1" for n in range(2000)]
    assert program("\n".join([*lines, "let a2000 = 0", "param x = a0"])).params["x"].value == 2000


def test_a_long_chain_of_variants_is_no_problem() -> None:
    lines = [f"model m{n} = m{n - 1} with {{ layers = {n} }}" for n in range(1, 500)]
    assert program("\n".join(["model m0 = decoder {}", *lines])).declarations["m499"].value.layers == 499


def test_deep_nesting_of_all_sorts_is_no_problem() -> None:
    for opening, closing in (("(", ")"), ("[", "]"), ("{ a = ", " }"), ("abs(", ")"), ("if true then ", " else 1")):
        expression = opening * 95 + "1" + closing * 95
        found = errors(f"let x = {expression}")
        assert [code for code in found if code.startswith(("L01", "L0291", "L0401"))] == []


def test_a_long_pipe_is_no_problem() -> None:
    assert errors('data d = text("x")' + " |> clean()" * 95) == ['L0662 "x"']


def test_duplicates_show_both_places() -> None:
    (one,) = [d for d in checked("let a = 1\nmodel a = decoder {}").diagnostics if d.is_error]
    assert (one.code, one.span.line, one.labels[0].span.line) == ("L0204", 2, 1)


def test_names_are_compared_in_nfc() -> None:
    decomposed = "データ".replace("デ", "テ\u3099")
    text = f"let データ = 3\nparam x = {decomposed} + 1"
    assert program(text).params["x"].value == 4


def test_unknown_kinds_silence_what_follows() -> None:
    assert errors("modle m = decoder {}\nstage s = train { model = m, tokenizer = x, data = x }") == [
        "L0202 modle", "L0201 x", "L0201 x",
    ]  # fmt: skip


def test_a_word_wins_over_a_component_and_a_declaration_over_both() -> None:
    text = "optimizer auto = adamw { lr = 1 }\nmetric loss = accuracy {}\n"
    stage = 'import "x" as lost\nstage s = finetune { from = lost, data = lost, %s }'
    result = checked(text + stage % "precision = auto, select = loss, optimizer = auto")
    warnings = [code for code in codes(result) if code.startswith("L0901")]
    # `auto` is an optimizer, which can't be a precision: the candidate is skipped, and nothing is hidden.
    assert warnings == ["L0901 loss"]
    assert [one.code for one in result.diagnostics if one.is_error] == ["L0250"]


def test_a_component_that_a_declaration_hides_can_be_called() -> None:
    text = "metric accuracy = macro_f1 {}\nmetric other = accuracy()"
    declarations = program(text).declarations
    assert declarations["accuracy"].value.of.name == "macro_f1"
    assert declarations["other"].value.of.name == "accuracy"


def test_repeating_a_declaration_is_refused() -> None:
    assert errors("model a = decoder {}\nmodel b = a") == ["L0405 a"]
    assert errors('data a = clean(text("x"))\ndata b = a.train')[1:] == ["L0405 a.train"]


def test_choosing_between_declarations_is_no_repetition() -> None:
    text = "param big = false\nmodel a = decoder {}\nmodel b = decoder { layers = 9 }\nmodel c = if big then b else a"
    result = program(text)
    assert result.declarations["c"].value is result.declarations["a"].value


def test_lets_hold_no_components() -> None:
    assert errors("let o = adamw { lr = 1 }\nmodel m = decoder {}\nlet p = m") == ["L0403 adamw", "L0403 m"]


def test_a_component_of_another_kind_says_what_it_is() -> None:
    (one,) = [d for d in checked("model m = adamw { lr = 3 }").diagnostics if d.is_error]
    assert (one.code, one.message.values["given"].values) == ("L0403", {"kind": "optimizer"})


def test_a_plain_value_where_a_component_is_wanted_says_what_it_is() -> None:
    (one,) = [d for d in checked("let width = 3\nmodel m = width").diagnostics if d.is_error]
    assert (one.code, one.message.values["given"].key) == ("L0301", "sort.number")


def test_a_second_experiment_is_refused() -> None:
    assert errors("experiment a {}\nexperiment b {}") == ["L0221 b"]


def test_the_experiment_has_fields() -> None:
    result = program("param n = 3\nexperiment a { seed = n, device = cpu }")
    assert (result.name, result.settings.seed, result.settings.device) == ("a", 3, "cpu")
    assert errors("experiment a { sed = 3, device = gpu }") == ["L0203 sed", "L0210 gpu"]


def test_what_is_to_come_is_told_apart_from_a_mistake() -> None:
    assert errors('import "x" as m\nlet a = m.b + 1') == ['L0250 "x"']


def test_five_mistakes_are_five_diagnostics() -> None:
    text = """
experiment e { seed = x }
let a = 1 / 0
model m = decodr { layers = y }
optimizer o = adamw { lr = -1, beta = 3 }
stage s = train { model = m, tokenizer = m, data = m, optimizer = o, batch = a tokens }
"""
    found = errors(text)
    assert [code.split()[0] for code in found if not code.startswith("L01")] == [
        "L0201", "L0307", "L0207", "L0302", "L0203", "L0403", "L0403",
    ]  # fmt: skip
